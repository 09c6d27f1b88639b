#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""GStreamer's webrtcbin as a player of VP8 and Opus, without signalling.

Writes lines of JSON: {"offer": ...} once, {"pictures": n, "sounds": n} twice a second: buffers that
the decoders made. Reads one line: {"answer": ...}. Ends with its stdin.
"""
import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

DECODERS = {"VP8": "rtpvp8depay ! vp8dec", "OPUS": "rtpopusdepay ! opusdec"}
CAPS = ("application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
        "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,"
        "encoding-params=(string)2")
REPORT_MS = 500

Gst.init(None)
pipeline = Gst.Pipeline.new("player")
webrtc = Gst.ElementFactory.make("webrtcbin", "webrtc")
webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
pipeline.add(webrtc)
loop = GLib.MainLoop()
decoded = {"VP8": 0, "OPUS": 0}


def say(**what):
    print(json.dumps(what), flush=True)


def on_pad(_webrtc, pad):
    if pad.get_direction() != Gst.PadDirection.SRC:
        return
    codec = pad.get_current_caps().get_structure(0).get_string("encoding-name")
    chain = Gst.parse_bin_from_description(
        f"queue ! {DECODERS[codec]} ! fakesink name=sink sync=false signal-handoffs=true", True)

    def on_handoff(*_):
        decoded[codec] += 1

    chain.get_by_name("sink").connect("handoff", on_handoff)
    pipeline.add(chain)
    chain.sync_state_with_parent()
    pad.link(chain.get_static_pad("sink"))


def on_gathered(*_):
    if webrtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        say(offer=webrtc.get_property("local-description").sdp.as_text())


def on_offer(promise, _):
    reply = promise.get_reply()
    webrtc.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())


def on_report():
    say(pictures=decoded["VP8"], sounds=decoded["OPUS"])
    return True


def read_answer():
    for line in sys.stdin:
        _, sdp = GstSdp.SDPMessage.new_from_text(json.loads(line)["answer"])
        webrtc.emit("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(
            GstWebRTC.WebRTCSDPType.ANSWER, sdp), Gst.Promise.new())
    loop.quit()


webrtc.connect("pad-added", on_pad)
webrtc.connect("notify::ice-gathering-state", on_gathered)
for caps in CAPS:
    webrtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY,
                Gst.Caps.from_string(caps))
pipeline.set_state(Gst.State.PLAYING)
webrtc.emit("create-offer", None, Gst.Promise.new_with_change_func(on_offer, None))
GLib.timeout_add(REPORT_MS, on_report)
threading.Thread(target=read_answer, daemon=True).start()
loop.run()
pipeline.set_state(Gst.State.NULL)
