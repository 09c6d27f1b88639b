#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""GStreamer's rtspsrc, with decoders behind it.

    rtsp-player.py URL PROTOCOL     tcp or udp

Writes {"pictures": n, "sounds": n} of what was decoded, a line a second, and {"ended": why} when
the stream ends.
"""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402: the version comes first


def say(**what):
    print(json.dumps(what), flush=True)


class Player:
    def __init__(self, url, protocol):
        self.loop = GLib.MainLoop()
        self.counts = {"pictures": 0, "sounds": 0}
        self.pipeline = Gst.Pipeline()
        source = Gst.ElementFactory.make("rtspsrc")
        self.pipeline.add(source)
        source.set_property("location", url)
        Gst.util_set_object_arg(source, "protocols", protocol)
        source.set_property("latency", 200)
        source.connect("pad-added", self.on_source_pad)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)
        GLib.timeout_add(1000, self.on_second)

    def add(self, name):
        element = Gst.ElementFactory.make(name)
        self.pipeline.add(element)
        element.sync_state_with_parent()
        return element

    def on_source_pad(self, _source, pad):
        decoder = self.add("decodebin")
        decoder.connect("pad-added", self.on_decoded_pad)
        pad.link(decoder.get_static_pad("sink"))

    def on_decoded_pad(self, _decoder, pad):
        kind = "pictures" if pad.get_current_caps().to_string().startswith("video") else "sounds"
        sink = self.add("fakesink")
        pad.add_probe(Gst.PadProbeType.BUFFER, self.on_buffer, kind)
        pad.link(sink.get_static_pad("sink"))

    def on_buffer(self, _pad, _info, kind):
        self.counts[kind] += 1
        return Gst.PadProbeReturn.OK

    def on_second(self):
        say(**self.counts)
        return True

    def on_message(self, _bus, message):
        if message.type in (Gst.MessageType.EOS, Gst.MessageType.ERROR):
            say(ended=message.type.first_value_nick)
            self.loop.quit()

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)


Gst.init(None)
Player(*sys.argv[1:]).run()
