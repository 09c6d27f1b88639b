// SPDX-License-Identifier: GPL-3.0-or-later
// RTMP servers to push to: nginx with its RTMP module, and one of our own that shows what came over
// the wire and misbehaves on demand.
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { freePorts } from './ports.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

// ---- AMF0 ----

export function readAmf(buffer, at = 0) {
    const values = [];
    const text = () => {
        const len = buffer.readUInt16BE(at);
        at += 2 + len;
        return buffer.toString('utf8', at - len, at);
    };
    const members = () => {
        const object = {};
        for (let key = text(); key !== '' || buffer[at] !== 9; key = text())
            object[key] = value();
        at++;
        return object;
    };
    const value = () => {
        switch (buffer[at++]) {
        case 0: at += 8; return buffer.readDoubleBE(at - 8);
        case 1: return buffer[at++] !== 0;
        case 2: return text();
        case 3: return members();
        case 5: return null;
        case 6: return undefined;
        case 8: at += 4; return members();
        default: throw new Error(`AMF0 marker ${buffer[at - 1]}`);
        }
    };
    while (at < buffer.length)
        values.push(value());
    return values;
}

export function writeAmf(...values) {
    const text = (value) => {
        const bytes = Buffer.from(value);
        return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
    };
    const write = (value) => {
        if (value === null)
            return Buffer.from([5]);
        if (typeof value === 'number') {
            const bytes = Buffer.alloc(9);
            bytes.writeDoubleBE(value, 1);
            return bytes;
        }
        if (typeof value === 'boolean')
            return Buffer.from([1, value ? 1 : 0]);
        if (typeof value === 'string')
            return Buffer.concat([Buffer.from([2]), text(value)]);
        const members = Object.entries(value).map(([k, v]) => Buffer.concat([text(k), write(v)]));
        return Buffer.concat([Buffer.from([3]), ...members, Buffer.from([0, 0, 9])]);
    };
    return Buffer.concat(values.map(write));
}

// ---- Chunks ----

class ChunkReader {
    size = 128;
    #rest = Buffer.alloc(0);
    #streams = new Map();

    // Whole messages of what has come so far: {chunkStream, type, timestamp, streamId, body}.
    *input(bytes) {
        this.#rest = Buffer.concat([this.#rest, bytes]);
        for (;;) {
            const taken = this.#chunk();
            if (!taken)
                return;
            this.#rest = this.#rest.subarray(taken.len);
            if (taken.message)
                yield taken.message;
        }
    }

    #chunk() {
        const b = this.#rest;
        if (b.length < 1)
            return null;
        const format = b[0] >> 6, chunkStream = b[0] & 63;
        if (chunkStream < 2)
            throw new Error('a chunk stream of more than 63');
        let at = 1 + [11, 7, 3, 0][format];
        const stream = this.#streams.get(chunkStream) ?? { parts: [], have: 0 };
        if (b.length < at)
            return null;
        const next = { ...stream };
        if (format < 3)
            next.time = b.readUIntBE(1, 3);
        if (format < 2)
            Object.assign(next, { len: b.readUIntBE(4, 3), type: b[7] });
        if (format === 0)
            next.streamId = b.readUInt32LE(8);
        if (next.time === 0xffffff) {
            if (b.length < at + 4)
                return null;
            next.timestamp = b.readUInt32BE(at);
            at += 4;
        } else if (format === 0) {
            next.timestamp = next.time;
        }
        const part = Math.min(this.size, next.len - next.have);
        if (b.length < at + part)
            return null;
        next.parts = [...next.parts, b.subarray(at, at + part)];
        next.have += part;
        this.#streams.set(chunkStream, next);
        if (next.have < next.len)
            return { len: at + part };
        const { type, timestamp, streamId } = next;
        const body = Buffer.concat(next.parts);
        this.#streams.set(chunkStream, { ...next, parts: [], have: 0 });
        if (type === 1)
            this.size = body.readUInt32BE(0);
        return { len: at + part, message: { chunkStream, type, timestamp, streamId, body } };
    }
}

function chunk(type, body, streamId = 0, chunkStream = type === 20 ? 3 : 2) {
    const parts = [];
    for (let at = 0; at === 0 || at < body.length; at += 128) {
        const head = Buffer.alloc(at === 0 ? 12 : 1);
        head[0] = (at === 0 ? 0 : 0xc0) | chunkStream;
        if (at === 0) {
            head.writeUIntBE(body.length, 4, 3);
            head[7] = type;
            head.writeUInt32LE(streamId, 8);
        }
        parts.push(head, body.subarray(at, at + 128));
    }
    return Buffer.concat(parts);
}

// ---- A server of our own ----

const md5 = (text) => crypto.createHash('md5').update(text);
export function adobeResponse({ user, password, salt, challenge, opaque, client }) {
    const inner = md5(user + salt + password).digest('base64');
    return md5(inner + (opaque || challenge) + client).digest('base64');
}
export function llnwResponse({ user, password, nonce, client, app }) {
    const instance = app.includes('/') ? '' : '/_definst_';
    const a1 = md5(`${user}:live:${password}`).digest('hex');
    const a2 = md5(`publish:/${app}${instance}`).digest('hex');
    return md5(`${a1}:${nonce}:00000001:${client}:auth:${a2}`).digest('hex');
}

// Connections and what was said on them. options:
//   auth      {mod: 'adobe' | 'llnw', user, password}: who may connect
//   refuse    'connect' | 'publish': says no there
//   silent    'accept' | 'connect' | 'publish': stops reading and answering there
//   redirect  {at: 'connect' | 'publish', to, text}: sends elsewhere there, text: in the description
//   publishAfter ms until `publish` is answered
//   dropAfter media messages after which the connection is reset
//   tls       {key, cert}: rtmps
export class RtmpServer extends EventEmitter {
    connections = [];
    #server;
    #sockets = new Set();

    static async start(options = {}, port = 0) {
        const server = new RtmpServer();
        server.options = options;
        const onSocket = (socket) => server.#serve(socket);
        server.#server = options.tls ? tls.createServer(options.tls, onSocket)
            : net.createServer(onSocket);
        server.#server.on('tlsClientError', (error) => server.emit('tlsClientError', error));
        await new Promise((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
        server.port = server.#server.address().port;
        return server;
    }

    get url() {
        return `${this.options.tls ? 'rtmps' : 'rtmp'}://127.0.0.1:${this.port}`;
    }
    get last() {
        return this.connections.at(-1);
    }
    // The first connection that has published, from the index given on.
    publication(from = 0, timeout = PATIENCE_MS) {
        return until('a publication', () => this.connections.slice(from)
            .find((connection) => connection.published), { timeout });
    }

    stop() {
        for (const socket of this.#sockets)
            socket.destroy();
        return new Promise((resolve) => this.#server.close(resolve));
    }

    #serve(socket) {
        const connection = {
            socket, commands: [], media: [], servername: socket.servername, published: false,
            closed: false,
        };
        this.connections.push(connection);
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
            this.#sockets.delete(socket);
            connection.closed = true;
        });
        const silent = (where) => {
            if (this.options.silent === where)
                socket.pause();
            return this.options.silent === where;
        };
        if (silent('accept'))
            return;
        let rest = Buffer.alloc(0), stage = 0;
        const reader = new ChunkReader();
        socket.on('data', (bytes) => {
            rest = Buffer.concat([rest, bytes]);
            if (stage === 0 && rest.length >= 1537) {
                socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(1536, 7),
                    rest.subarray(1, 1537)]));
                rest = rest.subarray(1537);
                stage = 1;
            }
            if (stage === 1 && rest.length >= 1536) {
                connection.c2IsS1 = rest.subarray(0, 1536).equals(Buffer.alloc(1536, 7));
                rest = rest.subarray(1536);
                stage = 2;
            }
            if (stage !== 2)
                return;
            for (const message of reader.input(rest))
                this.#onMessage(connection, message, silent);
            rest = Buffer.alloc(0);
        });
    }

    #onMessage(connection, message, silent) {
        const { socket } = connection;
        if (message.type !== 20) {
            if ([8, 9, 18].includes(message.type))
                connection.media.push(message);
            if (connection.media.length === this.options.dropAfter)
                socket.resetAndDestroy();
            return;
        }
        const [name, transaction, object, ...rest] = readAmf(message.body);
        connection.commands.push({ name, transaction, object, rest, len: message.body.length });
        const answer = (...values) => socket.write(chunk(20, writeAmf(...values)));
        if (name === 'connect') {
            const error = this.#refusal(object);
            if (silent('connect'))
                return;
            if (this.options.redirect?.at === 'connect')
                answer('_error', transaction, null, this.#redirection());
            else if (error)
                answer('_error', transaction, {}, {
                    level: 'error', code: 'NetConnection.Connect.Rejected', description: error,
                });
            else
                answer('_result', transaction, { fmsVer: 'FMS/3,0,1,123' }, {
                    level: 'status', code: 'NetConnection.Connect.Success',
                });
        } else if (name === 'createStream') {
            answer('_result', transaction, null, 1);
        } else if (name === 'publish') {
            if (silent('publish'))
                return;
            setTimeout(() => this.#answerPublish(connection, answer), this.options.publishAfter ?? 0);
        }
    }

    #answerPublish(connection, answer) {
        const refused = this.options.refuse === 'publish';
        if (this.options.redirect?.at === 'publish') {
            answer('onStatus', 0, null, this.#redirection());
            return;
        }
        answer('onStatus', 0, null, {
            level: refused ? 'error' : 'status',
            code: `NetStream.Publish.${refused ? 'BadName' : 'Start'}`,
            description: refused ? 'in use' : 'go on',
        });
        connection.published = !refused;
        if (this.options.silent === 'media')
            connection.socket.pause();
    }

    #redirection() {
        const { to, text } = this.options.redirect;
        const head = { level: 'error', code: 'NetConnection.Connect.Rejected' };
        return text ? { ...head, description: `[ AccessManager.Reject ] : [ code=302 redirect=${to} ]` }
            : { ...head, description: 'Elsewhere.', ex: { code: 302, redirect: to } };
    }

    // What `connect` is refused with; undefined: welcome.
    #refusal({ app }) {
        if (this.options.refuse === 'connect')
            return 'go away';
        const { auth } = this.options;
        if (!auth)
            return undefined;
        const [plain, query = ''] = app.split('?');
        const said = Object.fromEntries(query.split('&').map((part) => {
            const at = part.indexOf('=');
            return [part.slice(0, at), part.slice(at + 1)];
        }));
        const head = '[ AccessManager.Reject ] :';
        if (!said.authmod)
            return `${head} [ code=403 need auth; authmod=${auth.mod} ] : `;
        if (said.user !== auth.user)
            return `${head} [ authmod=${auth.mod} ] : ?reason=nosuchuser`;
        const secrets = { ...auth, salt: 'c2FsdA==', challenge: 'Y2hhbA==', opaque: 'b3A=',
            nonce: 'bm9uY2U', app: plain };
        if (!said.response)
            return `${head} [ authmod=${auth.mod} ] : ?reason=needauth&user=${auth.user}` +
                (auth.mod === 'adobe' ? '&salt=c2FsdA==&challenge=Y2hhbA==&opaque=b3A='
                    : '&nonce=bm9uY2U');
        const expected = auth.mod === 'adobe'
            ? adobeResponse({ ...secrets, client: said.challenge })
            : llnwResponse({ ...secrets, client: said.cnonce });
        return said.response === expected ? undefined
            : `${head} [ authmod=${auth.mod} ] : ?reason=authfailed`;
    }
}

// ---- nginx ----

// nginx with libnginx-mod-rtmp: applications `live` (recorded, see recordings()) and those given.
export class Nginx {
    #process;

    static async start({ applications = '', port } = {}) {
        const nginx = new Nginx();
        nginx.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-nginx-'));
        nginx.records = path.join(nginx.dir, 'records');
        fs.mkdirSync(nginx.records);
        fs.chmodSync(nginx.dir, 0o755);
        fs.chmodSync(nginx.records, 0o777);
        nginx.port = port ?? await freePorts(1);
        const file = path.join(nginx.dir, 'nginx.conf');
        fs.writeFileSync(file, `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
            daemon off;
            pid ${nginx.dir}/nginx.pid;
            error_log ${nginx.dir}/error.log info;
            worker_processes 1;
            events { worker_connections 4096; }
            rtmp { server { listen 127.0.0.1:${nginx.port}; chunk_size 4096;
                application live { live on; record all; record_path ${nginx.records};
                    record_unique on; record_suffix .flv; }
                ${applications} } }`);
        nginx.#process = spawn('nginx', ['-c', file], { stdio: 'ignore' });
        nginx.exited = new Promise((resolve) => nginx.#process.once('close', resolve));
        await until('nginx listens', () => new Promise((resolve) => {
            const socket = net.connect(nginx.port, '127.0.0.1');
            socket.once('connect', () => resolve(socket.destroy()));
            socket.once('error', () => resolve(false));
        }));
        return nginx;
    }

    get url() {
        return `rtmp://127.0.0.1:${this.port}/live`;
    }
    get log() {
        return fs.readFileSync(path.join(this.dir, 'error.log'), 'utf8');
    }
    recordings() {
        return fs.readdirSync(this.records).sort().map((name) => path.join(this.records, name));
    }
    // The worker process does the work; SIGSTOP to the master would stop nobody.
    get #workers() {
        return fs.readFileSync(`/proc/${this.#process.pid}/task/${this.#process.pid}/children`,
            'utf8').split(' ').filter((pid) => pid.trim()).map(Number);
    }
    signal(name) {
        this.#workers.forEach((pid) => process.kill(pid, name));
    }
    // The master first: it would put another worker, which keeps the port, in the place of one.
    async kill() {
        const workers = this.#workers;
        this.#process.kill('SIGKILL');
        await this.exited;
        workers.forEach((pid) => process.kill(pid, 'SIGKILL'));
    }
    async stop() {
        this.#process.kill('SIGTERM');
        await this.exited;
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

// ---- Looking into recordings ----

export function run(command, args, { input } = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args);
        const out = [];
        let errors = '';
        child.stdout.on('data', (bytes) => out.push(bytes));
        child.stderr.on('data', (bytes) => (errors += bytes));
        child.on('error', reject);
        child.on('close', (code) => (code === 0 ? resolve(Buffer.concat(out))
            : reject(new Error(`${command} ${args.join(' ')}: ${code}\n${errors}`))));
        child.stdin.on('error', () => {});
        child.stdin.end(input);
    });
}

// {video: {codec_name, width, ...}, audio: {codec_name, sample_rate, channels, ...}}
export async function streamsOf(file) {
    const { streams } = JSON.parse(await run('ffprobe', ['-v', 'error', '-show_streams', '-of',
        'json', file]));
    return Object.fromEntries(streams.map((stream) => [stream.codec_type, stream]));
}

// Of each tag: {kind, ms, len}, from the file's bytes.
export function tagsOf(file) {
    const bytes = fs.readFileSync(file);
    const tags = [];
    for (let at = 13; at + 11 <= bytes.length;) {
        const len = bytes.readUIntBE(at + 1, 3);
        const kind = { 8: 'audio', 9: 'video', 18: 'data' }[bytes[at]];
        const ms = bytes.readUIntBE(at + 4, 3) | bytes[at + 7] << 24;
        if (at + 11 + len > bytes.length)
            break;
        tags.push({ kind, ms, len, head: bytes.subarray(at + 11, at + 11 + Math.min(len, 64)) });
        at += 11 + len + 4;
    }
    return tags;
}

// {samples: Int16Array (mono), rate, startMs}
export async function soundOf(file, rate = 48000) {
    const raw = await run('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:a', '-ac', '1', '-ar',
        String(rate), '-f', 's16le', '-']);
    const first = tagsOf(file).find((tag) => tag.kind === 'audio' &&
        !(tag.head[0] >> 4 === 10 && tag.head[1] === 0));
    return { samples: new Int16Array(raw.buffer, raw.byteOffset, raw.length >> 1), rate,
        startMs: first.ms };
}

// Beginnings of what is louder than a tenth of full scale after 300 ms of quiet, in ms.
export function beepsOf({ samples, rate, startMs }) {
    const beeps = [];
    let loud = -Infinity;
    samples.forEach((sample, i) => {
        if (Math.abs(sample) < 3277)
            return;
        if (i - loud > 0.3 * rate && i > 0.3 * rate)
            beeps.push(startMs + i * 1000 / rate);
        loud = i;
    });
    return beeps;
}

// Beginnings of flashes: pictures much brighter than the one before, in ms.
export async function flashesOf(file) {
    const text = String(await run('ffmpeg', ['-v', 'error', '-copyts', '-i', file, '-map', '0:v', '-vf',
        'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-', '-f', 'null', '-']));
    const flashes = [];
    let before = 255, ms = 0;
    for (const line of text.split('\n')) {
        const time = /pts_time:(\S+)/.exec(line), luma = /YAVG=(\S+)/.exec(line);
        if (time)
            ms = Number(time[1]) * 1000;
        if (!luma)
            continue;
        if (Number(luma[1]) > 150 && before < 100)
            flashes.push(ms);
        before = Number(luma[1]);
    }
    return flashes;
}

// How much later than its flash each beep comes, in ms.
export async function skewsOf(file) {
    const beeps = beepsOf(await soundOf(file)), flashes = await flashesOf(file);
    return flashes.map((flash) => beeps.map((beep) => beep - flash)
        .reduce((best, skew) => (Math.abs(skew) < Math.abs(best) ? skew : best), Infinity))
        .filter((skew) => Math.abs(skew) < 500);
}

// Root mean square of a part, 0..1.
export function loudness({ samples, rate }, fromS, toS) {
    const part = samples.subarray(fromS * rate, toS * rate);
    return Math.sqrt(part.reduce((sum, x) => sum + x * x, 0) / part.length) / 32768;
}
