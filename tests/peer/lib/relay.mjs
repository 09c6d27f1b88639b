// SPDX-License-Identifier: GPL-3.0-or-later
// The project's UDP relay (tests/tools/relay.c): a bad network whose conditions a test changes.
import { Netem } from './netem.mjs';

export class Relay extends Netem {
    // Forwards 127.0.0.1:targetPort; commands are those of tests/tools/netem.h, such as 'loss 5'.
    static start(targetPort, ...commands) {
        return Relay.startProgram('relay', targetPort, ...commands);
    }

    // The same of another build's.
    static startProgram(program, targetPort, ...commands) {
        return Relay.#between(program, '127.0.0.1', `127.0.0.1:${targetPort}`, commands);
    }

    // At an address that is no loopback: forwards 'ADDRESS:PORT'.
    static startAt(address, target, ...commands) {
        return Relay.#between('relay', address, target, commands);
    }

    static async #between(program, address, target, commands) {
        const relay = new Relay();
        const [, port] = await relay.run(program, [`${address}:0`, target], /^listening .*:(\d+)$/);
        relay.port = Number(port);
        await relay.set(...commands);
        return relay;
    }
}
