#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A telephone's end that echoes: GStreamer decrypts what comes and encrypts it with another key.

    srtp_echo.py PORT TO_PORT CIPHER AUTH THEIR_KEY OUR_KEY     names of GStreamer's srtpdec, keys with
                                                                salts in hexadecimal digits

Writes a line when it listens. Ends when its input does.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402: versions come first

SAVP = "application/x-srtp,media=(string)audio,payload=8,clock-rate=8000,encoding-name=(string)PCMA"
KEYS = (",srtp-key=(buffer){key},srtp-cipher=(string){cipher},srtp-auth=(string){auth},"
        "srtcp-cipher=(string){cipher},srtcp-auth=(string){rtcp_auth}")


def main(port, to_port, cipher, auth, their_key, our_key):
    # of RTCP's tag, all is sent
    rtcp_auth = auth.replace("-32", "-80")
    caps = Gst.Caps.from_string(SAVP + KEYS.format(key=their_key, cipher=cipher, auth=auth,
                                                   rtcp_auth=rtcp_auth))
    pipeline = Gst.parse_launch(
        f'udpsrc name=in address=127.0.0.1 port={port} caps="{SAVP}" ! srtpdec name=dec ! '
        f"srtpenc key={our_key} rtp-cipher={cipher} rtp-auth={auth} rtcp-cipher={cipher} "
        f"rtcp-auth={rtcp_auth} ! udpsink host=127.0.0.1 port={to_port} sync=false async=false")
    pipeline.get_by_name("dec").connect("request-key", lambda *_: caps)
    pipeline.set_state(Gst.State.PLAYING)
    pipeline.get_state(Gst.CLOCK_TIME_NONE)
    print("listens", flush=True)
    loop = GLib.MainLoop()
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_HUP, lambda *_: loop.quit())
    loop.run()
    pipeline.set_state(Gst.State.NULL)


Gst.init(None)
main(*sys.argv[1:])
