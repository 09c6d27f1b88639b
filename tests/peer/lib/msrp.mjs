// SPDX-License-Identifier: GPL-3.0-or-later
// The other end of an MSRP session (RFC 4975): one that listens or connects, and says what a test
// wants, byte by byte, in clear or by TLS. And Kamailio as a relay (RFC 4976), which reads what passes
// it by itself.
import { X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { Kamailio } from './sip.mjs';
import { slowness, within } from './wait.mjs';

const CRLF = '\r\n';

// The first whole frame of bytes: {start, method or code, headers, body, flag, length}; undefined:
// there is none yet.
export function parseFrame(bytes) {
    const text = bytes.toString('latin1');
    const start = /^MSRP ([A-Za-z0-9.+%=-]{4,32}) (?:(\d{3})|([A-Z]+))[^\r\n]*\r\n/.exec(text);
    if (!start)
        return undefined;
    const [, transaction, code, method] = start;
    const end = new RegExp(`\r\n-------${transaction.replace(/[.+]/g, '\\$&')}([$+#])\r\n`).exec(text);
    if (!end)
        return undefined;
    const blank = text.indexOf(`${CRLF}${CRLF}`);
    const hasBody = blank >= 0 && blank < end.index;
    const head = text.slice(start[0].length, hasBody ? blank : end.index);
    return { transaction, method, code: code && Number(code), flag: end[1],
        headers: new Map(head.split(CRLF).map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(),
            line.slice(line.indexOf(':') + 1).trim()])),
        body: hasBody ? bytes.subarray(blank + 4, end.index) : undefined,
        length: end.index + end[0].length };
}

export class MsrpParty {
    received = [];
    #unread = [];
    #waiters = [];
    #bytes = Buffer.alloc(0);
    #count = 0;
    answers = () => 200; // to a SEND; undefined: not at all

    // port: of a listener of its own, unless it connects. certificate: by TLS, with {key, cert}; shown:
    // which one its description tells of, if it is another. host: what it calls itself.
    static async open({ listens = false, certificate, shown = certificate, host = '127.0.0.1' } = {}) {
        const party = new MsrpParty();
        party.closed = new Promise((resolve) => (party.hasClosed = resolve));
        party.port = 9;
        party.certificate = certificate;
        party.scheme = certificate ? 'msrps' : 'msrp';
        party.fingerprint = shown && new X509Certificate(shown.cert).fingerprint256;
        if (listens) {
            const take = (socket) => party.#use(socket);
            party.server = certificate ? tls.createServer({ ...party.#identity(), requestCert: true }, take) :
                net.createServer(take);
            await new Promise((resolve) => party.server.listen(0, '127.0.0.1', resolve));
            party.port = party.server.address().port;
        }
        party.path = `${party.scheme}://${host}:${party.port}/party${Math.random().toString(36).slice(2)};tcp`;
        return party;
    }

    #identity() {
        const { key, cert } = this.certificate;
        return { key, cert, rejectUnauthorized: false };
    }

    // Its description; setup: of who connects.
    describe(setup, { types = 'message/cpim text/plain', lines = [] } = {}) {
        return ['v=0', 'o=party 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
            `m=message ${this.port} ${this.certificate ? 'TCP/TLS/MSRP' : 'TCP/MSRP'} *`,
            `a=accept-types:${types}`, `a=path:${this.path}`, ...(setup ? [`a=setup:${setup}`] : []),
            ...(this.fingerprint ? [`a=fingerprint:sha-256 ${this.fingerprint}`] : []), ...lines, ''].join(CRLF);
    }

    // Of the other end, whose description this is.
    take(sdp) {
        this.theirs = /^a=path:(.*)$/m.exec(sdp)[1].trim();
    }

    // Behind a relay that is at this port from now on: its URI is in front of the party's.
    async hide(port, host = '127.0.0.1') {
        this.theirs = `${this.scheme}://${host}:${port};tcp`;
        await this.connect();
        this.request('AUTH', ['Expires: 600']);
        this.path = `${(await this.next(200)).headers.get('use-path')} ${this.path}`;
    }

    async connect() {
        const port = Number(/:(\d+)[/;]/.exec(this.theirs)[1]);
        const socket = this.certificate ? tls.connect({ port, host: '127.0.0.1', ...this.#identity() }) :
            net.connect(port, '127.0.0.1');
        await new Promise((resolve, reject) => socket.once(this.certificate ? 'secureConnect' : 'connect', resolve)
            .once('error', reject));
        this.#use(socket);
    }

    // What has been shown by the other end of the connection.
    get shown() {
        return this.socket.getPeerCertificate().fingerprint256;
    }

    #use(socket) {
        this.socket = socket;
        socket.on('error', () => {});
        socket.on('close', this.hasClosed);
        socket.on('data', (more) => {
            this.#bytes = Buffer.concat([this.#bytes, more]);
            for (let frame; (frame = parseFrame(this.#bytes));) {
                this.#bytes = this.#bytes.subarray(frame.length);
                this.#take(frame);
            }
        });
    }

    #take(frame) {
        this.received.push(frame);
        this.#unread.push(frame);
        const code = frame.method === 'SEND' ? this.answers(frame) : undefined;
        if (code)
            this.respond(frame, code);
        for (const waiter of [...this.#waiters])
            waiter();
    }

    // The next unread request of that method, or response of that code.
    next(what) {
        let waiter;
        const found = new Promise((resolve) => {
            waiter = () => {
                const at = this.#unread.findIndex((one) => one.method === what || one.code === what);
                if (at >= 0)
                    resolve(this.#unread.splice(at, 1)[0]);
            };
            this.#waiters.push(waiter);
            waiter();
        });
        return within(5_000 * slowness, `${what} at the MSRP party`, found)
            .finally(() => this.#waiters.splice(this.#waiters.indexOf(waiter), 1));
    }

    respond(frame, code) {
        this.socket.write([`MSRP ${frame.transaction} ${code} x`,
            `To-Path: ${frame.headers.get('from-path').split(' ')[0]}`, `From-Path: ${this.path}`,
            `-------${frame.transaction}$`, ''].join(CRLF));
    }

    // A request; body undefined: it has none. Answers with its transaction.
    request(method, lines = [], body = undefined, flag = '$') {
        const transaction = `party${++this.#count}`;
        this.socket.write([`MSRP ${transaction} ${method}`, `To-Path: ${this.theirs}`,
            `From-Path: ${this.path}`, ...lines, ...(body === undefined ? [] : ['', body]),
            `-------${transaction}${flag}`, ''].join(CRLF), 'latin1');
        return transaction;
    }

    greet() {
        return this.request('SEND', ['Message-ID: hello', 'Byte-Range: 1-0/0']);
    }

    // A text in chunks of so many bytes.
    send(id, type, body, { lines = [], chunk = 1 << 20 } = {}) {
        const bytes = Buffer.from(body);
        for (let at = 0; at < bytes.length; at += chunk) {
            const end = Math.min(at + chunk, bytes.length);
            this.request('SEND', [`Message-ID: ${id}`, `Byte-Range: ${at + 1}-${end}/${bytes.length}`, ...lines,
                `Content-Type: ${type}`], bytes.subarray(at, end).toString('latin1'), end < bytes.length ? '+' : '$');
        }
    }

    async close() {
        this.socket?.destroy();
        await new Promise((resolve) => this.server ? this.server.close(resolve) : resolve());
    }
}

// ---- The relay ----

const config = (port, certificate) => `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
tcp_accept_no_cl=yes
listen=tcp:127.0.0.1:${port}
${certificate ? `enable_tls=yes
listen=tls:127.0.0.1:${port + 1}
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "${certificate.certFile}")
modparam("tls", "private_key", "${certificate.keyFile}")` : ''}
${['tm', 'sl', 'pv', 'msrp'].map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("msrp", "cmap_size", 4)
modparam("msrp", "use_path_addr", "${certificate ? `localhost:${port + 1}` : `127.0.0.1:${port}`}")
request_route { exit; }
event_route[msrp:frame-in] {
    msrp_reply_flags("1");
    if (msrp_is_reply()) exit; # each hop has its own
    if ($msrp(method) == "AUTH" && msrp_cmap_save()) { msrp_reply("200", "OK"); exit; }
    if ($msrp(method) != "SEND" || !msrp_cmap_lookup()) { msrp_reply("481", "No Such Session"); exit; }
    msrp_reply("200", "OK");
    msrp_relay();
}
`;

// certificate: by TLS too, at tlsPort, as localhost.
export const startRelay = (certificate) =>
    Kamailio.start({ certificate, write: (port) => config(port, certificate) });
