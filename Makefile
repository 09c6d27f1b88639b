# SPDX-License-Identifier: GPL-3.0-or-later
# The front door: everything is built by meson, this only calls it. See README.md.

BUILD = build
MESON_FLAGS =
FUZZ_SECONDS = 60

.PHONY: run build test test-long bench fuzz soak install format tidy clean deps

run: build
	@mkdir -p var
	@exec $(BUILD)/sluice -o state_dir=./var -o demo_stream=true

build: deps $(BUILD)/build.ninja
	@meson compile -C $(BUILD) >$(BUILD)/compile.log || { cat $(BUILD)/compile.log; exit 1; }

deps:
	@tools/install-deps build
	@tools/install-web

$(BUILD)/build.ninja:
	@meson setup $(BUILD) -Dtests=false $(MESON_FLAGS) >/dev/null || { meson setup $(BUILD) -Dtests=false $(MESON_FLAGS); exit 1; }

# Everything; `make test STAGES="static peer"` runs some. The last line counts the tests.
test:
	@tests/run $(STAGES)

bench: build
	@tools/install-deps build bench
	@bench/run

# Every fuzz target for FUZZ_SECONDS, from its corpus.
fuzz: deps
	@tools/install-deps build test
	@tools/fuzz $(FUZZ_SECONDS)

# What needs minutes of real time; SOAK_MINUTES=5 OUTPUT_MINUTES=2 for a short one.
test-long: build
	@tools/install-deps build test
	@tools/install-web test
	@tests/run gcc long

# Publishers and players come and go for SOAK_MINUTES (default 60), memory and descriptors watched.
soak: build
	@tools/install-deps build test
	@tools/install-web test
	@tests/run soak

install: build
	@meson install -C $(BUILD) --no-rebuild

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

tidy: build
	@clang-tidy -p $(BUILD) --quiet $$(git ls-files 'src/*.c')

clean:
	@rm -rf build build-* tests/peer/logs
