// SPDX-License-Identifier: GPL-3.0-or-later
// Port numbers for a server under test, from below the range that the kernel gives to clients, so
// that nobody takes them between the check and the use.
import dgram from 'node:dgram';
import net from 'node:net';

const FIRST = 10_000;
const LAST = 32_000;

function tcpFree(port) {
    return new Promise((resolve) => {
        const server = net.createServer();
        server.once('error', () => resolve(false));
        server.listen({ port, host: '0.0.0.0', exclusive: true }, () =>
            server.close(() => resolve(true)));
    });
}

function udpFree(port) {
    return new Promise((resolve) => {
        const socket = dgram.createSocket('udp4');
        socket.once('error', () => resolve(false));
        socket.bind({ port, address: '0.0.0.0', exclusive: true }, () =>
            socket.close(() => resolve(true)));
    });
}

// The first of `count` consecutive ports that are free for TCP and UDP.
export async function freePorts(count) {
    for (let tries = 0; tries < 200; tries++) {
        const first = FIRST + Math.floor(Math.random() * (LAST - FIRST - count));
        let free = true;
        for (let port = first; free && port < first + count; port++)
            free = (await tcpFree(port)) && (await udpFree(port));
        if (free)
            return first;
    }
    throw new Error(`no ${count} free ports in a row`);
}
