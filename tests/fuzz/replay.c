/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over every file of its corpus, so that each input that once broke something is
 * tried again by every build. A corpus without files fails: it would test nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 4 << 20 };

static int replay(const char *path)
{
    struct stat st;
    FILE *file = fopen(path, "rb");

    if (!file || fstat(fileno(file), &st) < 0 || st.st_size > INPUT_MAX) {
        perror(path);
        return -1;
    }
    size_t len = (size_t)st.st_size;
    uint8_t *data = malloc(len ? len : 1); /* exact size: the sanitizer sees one byte too many */
    if (!data || fread(data, 1, len, file) != len) {
        perror(path);
        return -1;
    }
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(dir));) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            (void)snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
            if (replay(path) < 0)
                return 1;
            count++;
        }
        (void)closedir(dir);
    }
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}
