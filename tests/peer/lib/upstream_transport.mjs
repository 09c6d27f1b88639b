// SPDX-License-Identifier: GPL-3.0-or-later
// One media path of the upstream: werift's ICE agent, DTLS and SRTP put together by hand, because
// its peer connection offers no say in roles, ufrag and ports. ICE role: full, controlled.
import { randomBytes } from 'node:crypto';
import {
    Connection, DtlsClient, DtlsServer, ProtectionProfileAeadAes128Gcm,
    ProtectionProfileAes128CmHmacSha1_80, RTCDtlsTransport, SrtcpSession, SrtpSession, fingerprint,
    isDtls, isMedia, isRtcp, keyLength, saltLength,
} from 'werift';

const HOST = '127.0.0.1';
const PROFILES = {
    aes: ProtectionProfileAes128CmHmacSha1_80, // all that the original of 2018 had
    gcm: ProtectionProfileAeadAes128Gcm,
};

// {certPem, privateKey (PEM), signatureHash, fingerprint}: one per process, ECDSA on P-256.
export async function makeCertificate() {
    const made = await RTCDtlsTransport.SetupCertificate();
    return { certPem: made.certPem, privateKey: made.privateKey, signatureHash: made.signatureHash,
        fingerprint: made.getFingerprints()[0].value.toUpperCase() };
}

export class MediaTransport {
    #ice;
    #dtls;
    #srtp;
    #srtcp;
    #options;
    #channel; // what DTLS takes for its socket
    #early = []; // a DTLS client's hello may come before our own check has succeeded
    state = 'new'; // checking, handshaking, connected; failed, closed
    error;
    warnings = [];
    counts = { datagrams: 0, rejected: 0 };

    // onRtcp: called with each compound RTCP packet in the clear. onState: after each change.
    static async open(options) {
        const transport = new MediaTransport();
        transport.#options = { profile: 'aes', dtlsRole: 'client', onRtcp() {}, onState() {},
            ...options };
        // No address of the machine but the loopback's, and no question to a public STUN server,
        // which is what werift asks when it is told of none.
        const ice = new Connection(false, { useIpv4: false, useIpv6: false,
            additionalHostAddresses: [HOST], interfaceAddresses: { udp4: HOST } });
        ice.stunServer = undefined;
        ice.localUsername = options.ufrag;
        ice.localPassword = options.pwd;
        ice.userHistory[options.ufrag] = options.pwd;
        transport.#ice = ice;
        await ice.gatherCandidates();
        transport.port = ice.localCandidates[0].port;
        ice.onData.subscribe((datagram) => transport.#onDatagram(datagram));
        ice.stateChanged.subscribe((state) => {
            if (state === 'failed')
                transport.#fail(new Error('consent expired'));
        });
        return transport;
    }

    get connected() {
        return this.state === 'connected';
    }

    #become(state) {
        if (this.state === 'closed' || this.state === state)
            return;
        this.state = state;
        this.#options.onState(this);
    }
    #fail(error) {
        this.error ??= error instanceof Error ? error : new Error(String(error));
        this.#become('failed');
    }

    // remote: {ufrag, pwd, fingerprint}. The puller is the one to send checks: it has our
    // candidates, we have none of its.
    async start(remote, { dtls = true } = {}) {
        try {
            this.#become('checking');
            this.#ice.setRemoteParams({ iceLite: false, usernameFragment: remote.ufrag,
                password: remote.pwd });
            await this.#ice.connect();
            if (this.state !== 'checking')
                return;
            this.#become('handshaking');
            if (dtls)
                await this.#handshake(remote);
        } catch (error) {
            this.#fail(error);
        }
    }

    async #handshake(remote) {
        const { certificate, dtlsRole, profile } = this.#options;
        const channel = { type: 'ice', address: {}, onData() {}, close: async () => {},
            send: (datagram) => this.#ice.send(datagram) };
        this.#dtls = new (dtlsRole === 'client' ? DtlsClient : DtlsServer)({
            cert: certificate.certPem,
            key: certificate.privateKey,
            signatureHash: certificate.signatureHash,
            transport: channel,
            srtpProfiles: [PROFILES[profile]],
            extendedMasterSecret: true,
            certificateRequest: true,
        });
        this.#channel = channel;
        // werift reports a repeated message of the other side, such as the second of two
        // HelloVerifyRequests, as an error and goes on all the same: only noted.
        this.#dtls.onError.subscribe((error) => this.warnings.push(String(error)));
        await new Promise((resolve, reject) => {
            this.#dtls.onConnect.once(resolve);
            this.#dtls.onClose.once(() => reject(new Error('a DTLS alert')));
            for (const datagram of this.#early.splice(0))
                channel.onData(datagram);
            if (dtlsRole === 'client')
                this.#dtls.connect().catch(reject);
        });
        const certificateOfPeer = this.#dtls.remoteCertificate;
        if (!certificateOfPeer ||
            fingerprint(certificateOfPeer, 'sha256').toUpperCase() !== remote.fingerprint)
            throw new Error('the certificate is not the one of the offer');
        this.#startSrtp();
        this.#dtls.onClose.once(() => this.#fail(new Error('a DTLS alert')));
        this.#become('connected');
    }

    #startSrtp() {
        const profile = this.#dtls.srtp.srtpProfile;
        if (!profile)
            throw new Error('no SRTP profile was agreed on');
        const { localKey, localSalt, remoteKey, remoteSalt } =
            this.#dtls.extractSessionKeys(keyLength(profile), saltLength(profile));
        const config = { profile, keys: { localMasterKey: localKey, localMasterSalt: localSalt,
            remoteMasterKey: remoteKey, remoteMasterSalt: remoteSalt } };
        this.#srtp = new SrtpSession(config);
        this.#srtcp = new SrtcpSession(config);
    }

    #onDatagram(datagram) {
        this.counts.datagrams++;
        if (isDtls(datagram)) {
            if (this.#channel)
                this.#channel.onData(datagram);
            else if (this.#early.length < 16)
                this.#early.push(datagram);
        } else if (isMedia(datagram) && isRtcp(datagram) && this.#srtcp) {
            let packet;
            try {
                packet = this.#srtcp.decrypt(datagram);
            } catch {
                this.counts.rejected++;
                return;
            }
            this.#options.onRtcp(packet);
        }
    }

    // The SRTP packet of a header and a payload; not sent.
    protect(header, payload) {
        return this.#srtp.encrypt(payload, header);
    }
    // One datagram as it is, on the nominated pair.
    send(datagram) {
        this.#ice.send(datagram).catch(() => {});
    }
    sendRtcp(packet) {
        this.send(this.#srtcp.encrypt(packet));
    }
    // A datagram of `length` random bytes that an SRTP receiver takes for RTP or RTCP.
    static noise(length, { media = false } = {}) {
        const bytes = randomBytes(length);
        if (media)
            bytes[0] = 0x80 | (bytes[0] & 0x3f);
        return bytes;
    }

    async close() {
        this.#become('closed');
        if (this.#dtls)
            this.#dtls.dtls.flight = 99; // ends werift's retransmissions, which know no other end
        await this.#ice.close();
    }
}
