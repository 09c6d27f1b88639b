#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""GStreamer's webrtcbin with sound (Opus) and a picture, as a client that publishes.

    webrtcbin.py BUNDLE_POLICY VIDEO ORDER     none or max-bundle; vp8 or vp9; which is offered
                                               first: sound or picture

Lines of JSON: writes {"offer": sdp}, reads {"answer": sdp}, then writes {"answered": error}, ""
if it takes the answer, and sends. Ends when its input does.
"""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402: versions come first

SOUND = ("audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=97 ! "
         "application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! w. ")
PICTURE = ("videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
           "{0}enc deadline=1 cpu-used=8 keyframe-max-dist=15 ! rtp{0}pay pt=96 ! "
           "application/x-rtp,media=video,encoding-name={1},payload=96 ! w. ")


def say(**what):
    print(json.dumps(what), flush=True)


class Peer:
    def __init__(self, policy, video, order):
        self.loop = GLib.MainLoop()
        picture = PICTURE.format(video, video.upper())
        self.pipeline = Gst.parse_launch(f"webrtcbin name=w bundle-policy={policy} " +
                                         (SOUND + picture if order == "sound" else picture + SOUND))
        self.bin = self.pipeline.get_by_name("w")
        self.offered = False
        for pad in self.bin.sinkpads:
            pad.connect("notify::caps", lambda *_: GLib.idle_add(self.on_caps))
        GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, self.on_input)

    # Offered when an encoder has not spoken yet, a section is taken for another's.
    def on_caps(self):
        if not self.offered and all(pad.get_current_caps() for pad in self.bin.sinkpads):
            self.offered = True
            self.bin.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer))
        return False

    def on_offer(self, promise):
        # The description belongs to the reply, and that to the promise: both have to live on.
        self.promised = promise, promise.get_reply()
        offer = self.promised[1].get_value("offer")
        self.bin.emit("set-local-description", offer, Gst.Promise.new())
        say(offer=offer.sdp.as_text())

    def on_input(self, *_):
        line = sys.stdin.readline()
        if not line:
            self.loop.quit()
            return False
        _, sdp = GstSdp.SDPMessage.new()
        GstSdp.sdp_message_parse_buffer(json.loads(line)["answer"].encode(), sdp)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.bin.emit("set-remote-description", answer,
                      Gst.Promise.new_with_change_func(self.on_answered))
        return True

    @staticmethod
    def on_answered(promise):
        reply = promise.get_reply()
        say(answered=reply.to_string() if reply and reply.has_field("error") else "")

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)


Gst.init(None)
Peer(*sys.argv[1:]).run()
