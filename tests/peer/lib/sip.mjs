// SPDX-License-Identifier: GPL-3.0-or-later
// What a telephone network has, for tests: Kamailio as registrar and proxy, and a scripted party of
// our own, which says what the test wants, byte by byte.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { freePorts } from './ports.mjs';
import { PATIENCE_MS, slowness, until, within } from './wait.mjs';

export const DOMAIN = 'sip.test';

function installed(program) {
    if (!fs.existsSync(program))
        throw new Error(`${program} is missing: tools/install-deps test`);
    return program;
}

// ---- Kamailio ----

const MODULES = ['tm', 'sl', 'rr', 'pv', 'maxfwd', 'usrloc', 'registrar', 'textops', 'siputils',
    'auth', 'htable'];

const config = (port, algorithm, uas, tlsPort, certificate) => `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
alias="${DOMAIN}"
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
${certificate ? `enable_tls=yes
listen=tls:127.0.0.1:${tlsPort}
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "${certificate.certFile}")
modparam("tls", "private_key", "${certificate.keyFile}")` : ''}
${MODULES.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("auth", "algorithm", "${algorithm}")
modparam("htable", "htable", "pw=>size=4;")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 5)
modparam("registrar", "max_expires", 10)
event_route[htable:mod-init] {
    $sht(pw=>u1) = "p1"; $sht(pw=>u2) = "p2"; $sht(pw=>u3) = "p3";
}
route[AUTH] {
    $var(pw) = "no";
    if ($au != $null && $sht(pw=>$au) != $null) { $var(pw) = $sht(pw=>$au); }
    if (is_method("REGISTER")) {
        if (!pv_www_authenticate("$td", "$var(pw)", "0")) { www_challenge("$td", "1"); exit; }
    } else if (!pv_proxy_authenticate("$fd", "$var(pw)", "0")) { proxy_challenge("$fd", "1"); exit; }
    consume_credentials();
}
request_route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
    if (has_totag()) {
        if (is_method("ACK") && !loose_route()) { if (t_check_trans()) t_relay(); exit; }
        loose_route(); t_relay(); exit;
    }
    if (is_method("REGISTER")) { route(AUTH); if (!save("location")) sl_reply_error(); exit; }
    if (from_uri==myself) route(AUTH);
    record_route();
    if (uri==myself) {
        if ($rU == "busy") { sl_send_reply("486", "Busy Here"); exit; }
        if ($rU == "uas") { $du = "sip:127.0.0.1:${uas}"; }
        else if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    }
    t_relay();
}
`;

export class Kamailio {
    // A registrar that grants ten seconds at most. algorithm: of its digest. uas: where it sends
    // what is for uas@. write: another configuration, from its port and directory. certificate: of its
    // TLS, at tlsPort; none: no TLS.
    static async start({ algorithm = 'MD5', uas = 9, write, certificate } = {}) {
        const kamailio = new Kamailio();
        kamailio.port = await freePorts(2);
        kamailio.tlsPort = kamailio.port + 1;
        kamailio.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-kamailio-'));
        const file = path.join(kamailio.dir, 'peer.cfg');
        fs.writeFileSync(file, write ? write(kamailio.port, kamailio.dir) :
            config(kamailio.port, algorithm, uas, kamailio.tlsPort, certificate));
        kamailio.process = spawn(installed('/usr/sbin/kamailio'), ['-f', file, '-DD', '-E',
            // its TLS refuses to begin with less
            ...(certificate ? ['-m', '64', '-M', '16'] : ['-m', '32', '-M', '4']),
            '-Y', kamailio.dir, '-w', kamailio.dir], { stdio: ['ignore', 'ignore', 'pipe'] });
        kamailio.log = '';
        kamailio.process.stderr.on('data', (bytes) => (kamailio.log += bytes));
        kamailio.ended = new Promise((resolve) => kamailio.process.once('exit', resolve));
        await until('Kamailio listens', () => new Promise((resolve, reject) => {
            const socket = net.connect(kamailio.port, '127.0.0.1', () => resolve(socket.destroy()));
            socket.once('error', () => reject(new Error(kamailio.log.slice(-500))));
        }).then(() => true));
        return kamailio;
    }

    async stop() {
        this.process.kill('SIGTERM');
        await within(10_000 * slowness, 'Kamailio ends', this.ended);
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

// ---- baresip ----

const BARESIP_MODULES = '/usr/lib/baresip/modules';

// A telephone: it sends 440 Hz, and keeps what it hears.
export class Baresip {
    events = [];

    // codecs, video: as baresip names them, pictures are its own test ones. more: of the account.
    static async start(user, password, port, { codecs = 'pcma/8000/1', video = '', more = '' } = {}) {
        const phone = new Baresip();
        const first = await freePorts(24);
        phone.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-baresip-'));
        fs.writeFileSync(path.join(phone.dir, 'config'), [
            'poll_method epoll', `sip_listen 127.0.0.1:${first}`, 'net_interface 127.0.0.1',
            'audio_source ausine,440', 'audio_player aubridge,sink', 'audio_alert aubridge,sink',
            'ausrc_srate 48000', 'ausrc_channels 2', `auplay_srate ${codecs.startsWith('opus') ? 48000 : 8000}`,
            `auplay_channels ${codecs.startsWith('opus') ? 2 : 1}`,
            ...(video ? ['video_source fakevideo,nil', 'video_display fakevideo,nil', 'video_size 320x240',
                'video_bitrate 500000', 'video_fps 15', 'avcodec_h264enc libx264'] : []),
            `rtp_ports ${first + 2}-${first + 22}`, 'rtcp_mux no', `snd_path ${phone.dir}`,
            `module_path ${BARESIP_MODULES}`,
            ...['g711', 'g722', 'opus', 'ausine', 'aubridge', 'sndfile', 'srtp',
                ...(video ? ['avcodec', 'vp8', 'fakevideo'] : [])]
                .map((name) => `module ${name}.so`),
            ...['account', 'menu', 'ctrl_tcp', 'debug_cmd'].map((name) => `module_app ${name}.so`),
            `ctrl_tcp_listen 127.0.0.1:${first + 23}`, ''].join('\n'));
        fs.writeFileSync(path.join(phone.dir, 'accounts'), `<sip:${user}@${DOMAIN}>;auth_user=${user};` +
            `auth_pass=${password};outbound="sip:127.0.0.1:${port};transport=udp";regint=60;` +
            `answermode=auto;audio_codecs=${codecs}` +
            `${video ? `;video_codecs=${video}` : ''}${more}\n`);
        fs.writeFileSync(path.join(phone.dir, 'contacts'), '');
        phone.process = spawn(installed('/usr/bin/baresip'), ['-f', phone.dir, '-v'],
            { stdio: ['ignore', 'pipe', 'pipe'], cwd: phone.dir });
        phone.log = '';
        for (const stream of [phone.process.stdout, phone.process.stderr])
            stream.on('data', (bytes) => (phone.log += bytes));
        phone.ended = new Promise((resolve) => phone.process.once('exit', resolve));
        try {
            await until('baresip can be told', () => phone.#connect(first + 23));
            await until(() => `baresip is registered; ${phone.log.slice(-600)}`,
                () => / 200 OK /.test(phone.log));
        } catch (error) {
            phone.process.kill('SIGKILL');
            throw error;
        }
        return phone;
    }

    #connect(port) {
        return new Promise((resolve, reject) => {
            const socket = net.connect(port, '127.0.0.1', () => resolve(true));
            socket.once('error', reject);
            let text = '';
            socket.on('data', (bytes) => { // netstrings
                text += bytes;
                for (let match; (match = /^(\d+):/.exec(text)) &&
                    text.length > match[0].length + Number(match[1]);) {
                    const [head, length] = [match[0], Number(match[1])];
                    this.events.push(JSON.parse(text.slice(head.length, head.length + length)));
                    text = text.slice(head.length + length + 1);
                }
            });
            this.socket = socket;
        });
    }

    tell(command, params = '') {
        const text = JSON.stringify({ command, params, token: '1' });
        this.socket.write(`${text.length}:${text},`);
    }

    event(type) {
        return until(() => `baresip's ${type}; ${this.log.slice(-600)}`,
            () => this.events.find((event) => event.type === type));
    }

    // What it has heard: the loudest of a few tones in the last second, and how much of all that is.
    heard() {
        const file = fs.readdirSync(this.dir).filter((name) => name.endsWith('-dec.wav')).sort().at(-1);
        if (!file)
            return { hz: 0, share: 0 };
        const bytes = fs.readFileSync(path.join(this.dir, file));
        const rate = bytes.readUInt32LE(24), channels = bytes.readUInt16LE(22);
        const all = [];
        for (let at = 44; at + 2 * channels <= bytes.length; at += 2 * channels)
            all.push(bytes.readInt16LE(at));
        const samples = all.slice(-rate);
        if (samples.length < rate)
            return { hz: 0, share: 0 };
        const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
        const of = (hz) => {
            let re = 0, im = 0;
            samples.forEach((x, i) => {
                re += x * Math.cos(2 * Math.PI * hz * i / rate);
                im += x * Math.sin(2 * Math.PI * hz * i / rate);
            });
            return 2 * (re * re + im * im) / samples.length ** 2;
        };
        const [hz, level] = [440, 700, 1000, 1300].map((tone) => [tone, of(tone)])
            .reduce((a, b) => a[1] > b[1] ? a : b);
        return { hz, share: power > 100 ? level / power : 0 };
    }

    async stop() {
        this.socket?.destroy();
        this.process.kill('SIGTERM');
        await within(10_000 * slowness, 'baresip ends', this.ended);
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

// ---- A party of our own ----

// A message, its headers by lower-case name, in the order they stand.
export function parse(bytes) {
    const raw = bytes.toString();
    const [head, ...rest] = raw.split('\r\n\r\n');
    const [start, ...lines] = head.split('\r\n');
    const headers = lines.map((line) => {
        const at = line.indexOf(':');
        return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
    });
    const [first, second] = start.split(' ');
    const response = first === 'SIP/2.0';
    return {
        raw, start, headers, body: rest.join('\r\n\r\n'),
        method: response ? undefined : first,
        uri: response ? undefined : second,
        code: response ? Number(second) : undefined,
        get: (name) => headers.find(([key]) => key === name)?.[1],
        all: (name) => headers.filter(([key]) => key === name).map(([, value]) => value),
    };
}

// The type of a body that says none of itself.
const typed = (lines, body) => body && !lines.some((line) => /^content-type:/i.test(line)) ?
    ['Content-Type: application/sdp'] : [];

const tagged = (to, tag) => /;tag=/.test(to) ? to : `${to};tag=${tag}`;

export class Party {
    received = []; // every message
    transport = 'UDP';
    #unread = [];
    #waiters = [];
    #cseq = 100;
    #branch = 0;

    static async open(port = 0, address = '127.0.0.1') {
        const party = new Party();
        party.address = address;
        party.socket = dgram.createSocket('udp4');
        await new Promise((resolve) => party.socket.bind(port, address, resolve));
        party.port = party.socket.address().port;
        party.socket.on('message', (bytes, from) => party.take(bytes, from));
        return party;
    }

    take(bytes, from) {
        const message = Object.assign(parse(bytes), { from, at: performance.now() });
        this.received.push(message);
        if (this.on?.(message))
            return;
        this.#unread.push(message);
        [...this.#waiters].forEach((waiter) => waiter());
    }

    // The next unread request of that method, or response of that code.
    next(what, timeout = PATIENCE_MS) {
        const fits = (message) => message.method === what || message.code === what;
        let waiter;
        const found = new Promise((resolve) => {
            let found = false;
            waiter = () => {
                const at = found ? -1 : this.#unread.findIndex(fits);
                if (at < 0)
                    return;
                found = true; // two may come at once
                resolve(this.#unread.splice(at, 1)[0]);
            };
            this.#waiters.push(waiter);
            waiter();
        });
        return within(timeout * slowness, () => `${what} at the party; it has ` +
            JSON.stringify(this.received.slice(-12).map((one) => `${one.start} ${one.get("cseq")}`)), found)
            .finally(() => this.#waiters.splice(this.#waiters.indexOf(waiter), 1));
    }

    count(method) {
        return this.received.filter((message) => message.method === method).length;
    }

    send(text, to) {
        return new Promise((resolve, reject) => this.socket.send(text, to.port, to.address,
            (error) => error ? reject(error) : resolve()));
    }

    // A response to what came, with more header lines and a body.
    async reply(request, code, reason, lines = [], body = '') {
        const text = [`SIP/2.0 ${code} ${reason}`,
            ...request.headers.filter(([name]) => ['via', 'from', 'call-id', 'cseq', 'record-route']
                .includes(name)).map(([name, value]) => `${name}: ${value}`),
            `To: ${code === 100 ? request.get('to') : tagged(request.get('to'), 'party')}`,
            ...lines, ...typed(lines, body),
            `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
        await this.send(text, request.from);
        return text;
    }

    get contact() {
        const transport = this.transport === 'UDP' ? '' : `;transport=${this.transport.toLowerCase()}`;
        return `Contact: <sip:party@${this.address}:${this.port}${transport}>`;
    }

    // A request from outside a dialog; answers with what it was.
    async request(method, uri, to, lines = [], body = '', { headers = {} } = {}) {
        const cseq = headers.cseq ?? ++this.#cseq;
        const all = {
            Via: `SIP/2.0/${this.transport} ${this.address}:${this.port};branch=z9hG4bKp${this.port}x${++this.#branch};rport`,
            From: '"Ext Caller" <sip:ext@sip.test>;tag=ours',
            To: `<${uri}>`,
            'Call-ID': `call-${this.port}-${this.#branch}`,
            CSeq: `${cseq} ${method}`,
            'Max-Forwards': '70',
            ...headers,
        };
        delete all.cseq;
        const text = [`${method} ${uri} SIP/2.0`,
            ...Object.entries(all).filter(([, value]) => value !== undefined)
                .map(([name, value]) => `${name}: ${value}`),
            ...lines, ...typed(lines, body),
            `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
        await this.send(text, to);
        return parse(text);
    }

    // ACK, BYE, CANCEL ... that go with an INVITE that the party has sent: its headers, and the
    // answer's tag.
    within(invite, answer, method, to, { cseq, branch = true, lines = [], body = '', uri } = {}) {
        const number = cseq ?? Number(invite.get('cseq').split(' ')[0]);
        return this.request(method, uri ?? invite.uri, to, lines, body, { headers: {
            cseq: number,
            From: invite.get('from'),
            To: answer ? answer.get('to') : invite.get('to'),
            'Call-ID': invite.get('call-id'),
            CSeq: `${number} ${method}`,
            ...(branch ? {} : { Via: invite.get('via') }),
        } });
    }

    // The same of who was called.
    back(invite, method, cseq, { lines = [], body = '', to } = {}) {
        const uri = /<([^>]+)>/.exec(invite.get('contact'))[1];
        return this.request(method, uri, to ?? invite.from, lines, body, { headers: {
            cseq,
            From: tagged(invite.get('to'), 'party'),
            To: invite.get('from'),
            'Call-ID': invite.get('call-id'),
            CSeq: `${cseq} ${method}`,
        } });
    }

    async close() {
        this.closed ??= new Promise((resolve) => this.socket.close(resolve));
        await this.closed;
    }
}

// The same over TCP, or TLS with a key and a certificate. It answers on the connection by which a
// message has come; a message's `from` is that connection.
export class StreamParty extends Party {
    connections = []; // all that were made, in their order
    pongs = 0;

    static async open(port = 0, address = '127.0.0.1', { key, cert } = {}) {
        const party = new StreamParty();
        party.address = address;
        party.transport = cert ? 'TLS' : 'TCP';
        const take = (socket) => party.#hear(socket);
        party.server = cert ? tls.createServer({ key, cert }, take) : net.createServer(take);
        party.server.on('tlsClientError', (error) => (party.tlsError = error));
        await new Promise((resolve) => party.server.listen(port, address, resolve));
        party.port = party.server.address().port;
        return party;
    }

    #hear(socket) {
        let bytes = Buffer.alloc(0);
        this.connections.push(socket);
        socket.on('error', () => {});
        socket.on('data', (more) => {
            bytes = Buffer.concat([bytes, more]);
            for (;;) {
                if (bytes.subarray(0, 4).toString() === '\r\n\r\n') {
                    this.pings = (this.pings ?? 0) + 1;
                    bytes = bytes.subarray(4);
                    socket.write('\r\n');
                    continue;
                }
                if (bytes.subarray(0, 2).toString() === '\r\n') {
                    this.pongs++;
                    bytes = bytes.subarray(2);
                    continue;
                }
                const head = bytes.indexOf('\r\n\r\n');
                if (head < 0)
                    return;
                const length = Number(/^(?:content-length|l) *: *(\d+)/im.exec(bytes.subarray(0, head))?.[1] ?? 0);
                if (bytes.length < head + 4 + length)
                    return;
                this.take(bytes.subarray(0, head + 4 + length), socket);
                bytes = bytes.subarray(head + 4 + length);
            }
        });
    }

    // to: a connection, or nothing: the last one.
    send(text, to) {
        const socket = to?.write ? to : this.connections.at(-1);
        return new Promise((resolve, reject) => socket.write(text,
            (error) => error ? reject(error) : resolve()));
    }

    async close() {
        this.closed ??= new Promise((resolve) => {
            this.server.close(resolve);
            this.connections.forEach((socket) => socket.destroy());
        });
        await this.closed;
    }
}

// ---- Certificates ----

// An authority of its own, with RSA, as Kamailio has nothing else, in a directory that is removed by close().
export class Authority {
    constructor() {
        this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-authority-'));
        this.file = path.join(this.dir, 'ca.pem');
        this.#openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes',
            '-days', '2', '-subj', '/CN=Test authority', '-keyout', path.join(this.dir, 'ca.key'),
            '-out', this.file);
    }

    #openssl(...args) {
        execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    }

    // A certificate for these names: "DNS:sip.test", "IP:127.0.0.1". {cert, key}: PEM, and *File.
    issue(...names) {
        const base = path.join(this.dir, `${(this.count = (this.count ?? 0) + 1)}`);
        const [certFile, keyFile] = [`${base}.pem`, `${base}.key`];
        this.#openssl('req', '-newkey', 'rsa:2048', '-nodes',
            '-subj', '/CN=Test server', '-keyout', keyFile, '-out', `${base}.csr`);
        fs.writeFileSync(`${base}.ext`, `subjectAltName=${names.join(',')}\n`);
        this.#openssl('x509', '-req', '-in', `${base}.csr`, '-CA', this.file, '-CAkey',
            path.join(this.dir, 'ca.key'), '-CAcreateserial', '-days', '2', '-extfile', `${base}.ext`,
            '-out', certFile);
        return { certFile, keyFile, cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile) };
    }

    close() {
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

// The parameters of a Digest answer.
export function digestOf(header) {
    return Object.fromEntries([...header.matchAll(/(\w+)=(?:"([^"]*)"|([^,\s]+))/g)]
        .map(([, name, quoted, bare]) => [name, quoted ?? bare]));
}

export function digestResponse(answer, { method, password, hash = 'md5' }) {
    const h = (text) => createHash(hash).update(text).digest('hex');
    const ha1 = h(`${answer.username}:${answer.realm}:${password}`);
    const ha2 = h(`${method}:${answer.uri}`);
    return h([ha1, answer.nonce, answer.nc, answer.cnonce, answer.qop, ha2].join(':'));
}
