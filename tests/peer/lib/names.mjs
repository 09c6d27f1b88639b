// SPDX-License-Identifier: GPL-3.0-or-later
// A name server of a test's own, for a program that is started with its resolv.conf.
import dgram from 'node:dgram';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const TYPES = { A: 1, SRV: 33 };

function encodeName(name) {
    return Buffer.concat([...name.split('.').filter(Boolean).map((label) =>
        Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])), Buffer.from([0])]);
}

function encodeData({ type, value }) {
    if (type === 'A')
        return Buffer.from(value.split('.').map(Number));
    const [priority, weight, port, target] = value;
    const head = Buffer.alloc(6);
    [priority, weight, port].forEach((number, i) => head.writeUInt16BE(number, 2 * i));
    return Buffer.concat([head, encodeName(target)]);
}

export class NameServer {
    asked = []; // [name, type]

    // records: [{name, type, value}]; silent: names that are not answered.
    static async start(records, { silent = [] } = {}) {
        const server = new NameServer();
        server.address = `127.0.53.${1 + process.pid % 250}`;
        server.socket = dgram.createSocket('udp4');
        await new Promise((resolve, reject) => {
            server.socket.once('error', reject); // port 53 is root's
            server.socket.bind(53, server.address, resolve);
        });
        server.socket.on('message', (query, from) => {
            const labels = [];
            let at = 12;
            for (; query[at] > 0; at += 1 + query[at])
                labels.push(query.subarray(at + 1, at + 1 + query[at]).toString());
            const [name, type] = [labels.join('.').toLowerCase(), query.readUInt16BE(at + 1)];
            server.asked.push([name, type]);
            if (silent.some((one) => name.endsWith(one)))
                return;
            const found = records.filter((one) => one.name === name);
            const answers = found.filter((one) => TYPES[one.type] === type);
            const head = Buffer.from(query.subarray(0, 12));
            head.writeUInt16BE(found.length > 0 || records.some((one) => one.name.endsWith(name))
                ? 0x8580 : 0x8583, 2);
            head.writeUInt16BE(answers.length, 6);
            head.writeUInt32BE(0, 8);
            server.socket.send(Buffer.concat([head, query.subarray(12, at + 5),
                ...answers.map((one) => {
                    const data = encodeData(one), fixed = Buffer.alloc(12);
                    fixed.writeUInt16BE(0xc00c, 0); // the question's name
                    fixed.writeUInt16BE(type, 2);
                    fixed.writeUInt16BE(1, 4);
                    fixed.writeUInt32BE(0, 6);
                    fixed.writeUInt16BE(data.length, 10);
                    return Buffer.concat([fixed, data]);
                })]), from.port, from.address);
        });
        server.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-names-'));
        server.file = path.join(server.dir, 'resolv.conf');
        fs.writeFileSync(server.file, `nameserver ${server.address}\noptions timeout:1 attempts:2\n`);
        return server;
    }

    async close() {
        await new Promise((resolve) => this.socket.close(resolve));
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}
