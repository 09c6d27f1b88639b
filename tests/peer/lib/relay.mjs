// SPDX-License-Identifier: GPL-3.0-or-later
// The project's UDP relay (tests/tools/relay.c): a bad network whose conditions a test changes.
import { Netem } from './netem.mjs';

export class Relay extends Netem {
    // Forwards 127.0.0.1:targetPort; commands are those of tests/tools/netem.h, such as 'loss 5'.
    static start(targetPort, ...commands) {
        return Relay.startProgram('relay', targetPort, ...commands);
    }

    // The same of another build's.
    static async startProgram(program, targetPort, ...commands) {
        const relay = new Relay();
        const [, port] = await relay.run(program, ['127.0.0.1:0', `127.0.0.1:${targetPort}`],
            /^listening .*:(\d+)$/);
        relay.port = Number(port);
        await relay.set(...commands);
        return relay;
    }
}
