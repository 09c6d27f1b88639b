// SPDX-License-Identifier: GPL-3.0-or-later
// Several machines in one: network namespaces with a server each, and cables between them whose
// delay, loss and cuts a test sets.
//
//     import { Network, enterHub } from './lib/netns.mjs';
//     await enterHub(); // before anything else
//     const net = await Network.create(['origin', 'edge']);
//     const cable = await net.cable('origin', 'edge', { delay: 20, loss: 1 });
//     const server = await Server.start({ demo_stream: true }, { netns: net.node('origin') });
//     await cable.set('cut');
//     ...
//     await net.remove(); // after the servers were stopped
//
// The test, its browser and what else it starts live in a namespace of their own, the hub:
// 10.66.0.1. A bridge there leads to every node, and from node to node. Each node has one address,
// whoever asks: a cable takes the packets of its two ends from the bridge, TCP and UDP alike, until
// it is stopped. 'hub' may be an end. There is no way out to the machine's own network, and no name
// but localhost; a server that nodes shall reach listens at net.address('hub').
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { Netem } from './netem.mjs';

const HUB = 'hub';
const PREFIX = '10.66.0.';
const INSIDE = 'SLUICE_TEST_HUB';

// Whatever happens to the test, no name, device or process of it is left: all end with the first
// process. /proc and /run are the hub's own, for its process numbers and its namespaces' names.
const SET_UP = `
mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up || exit 1
"$@"
exit $?`; // not exec: the shell stays and waits for orphans, as the first process has to

// Runs this test again in a hub and ends with its exit code; returns at once in the hub. The first
// statement of a test file, before it starts anything or describes a test.
export async function enterHub() {
    if (process.env[INSIDE])
        return;
    const asRoot = process.getuid() === 0 ? [] : ['--map-root-user'];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...asRoot, '--net', '--pid',
        '--fork', '--kill-child', '--mount-proc', 'sh', '-c', SET_UP, 'hub',
        process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
    const code = await new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (status, signal) => resolve(signal ? 1 : status));
    });
    process.exit(code);
}

// Commands of iproute2 in a node.
function ip(node, ...commands) {
    const where = node.name === HUB ? [] : ['-n', node.name];
    execFileSync('ip', [...where, '-batch', '-'], { input: commands.join('\n') + '\n',
        stdio: ['pipe', 'inherit', 'inherit'] });
}

// Between two nodes. Its commands are those of tests/tools/netem.h; up is from the first to the
// second. stop() gives their packets back to the bridge.
class Cable extends Netem {
    static async lay(device, from, to, commands) {
        const cable = new Cable();
        await cable.run('link', [device, from.file, to.file], /^linked/);
        await cable.set(...commands);
        for (const [node, peer] of [[from, to], [to, from]])
            ip(node, `route add ${peer.address}/32 dev ${device} src ${node.address}`);
        return cable;
    }
}

// One at a time.
export class Network {
    #nodes = new Map([[HUB, { name: HUB, address: `${PREFIX}1`, file: `/proc/${process.pid}/ns/net`,
        prefix: [] }]]);
    #cables = [];
    #laid = 0;

    // names: of the nodes, 12 characters at most. They have the addresses 10.66.0.2, .3, ...
    static async create(names) {
        assert.ok(process.env[INSIDE], 'enterHub() comes first');
        const net = new Network();
        const hub = net.node(HUB);
        try {
            ip(hub, `link add ${HUB} type bridge`, `addr add ${hub.address}/24 dev ${HUB}`,
                `link set ${HUB} up`);
            names.forEach((name, i) => net.#add(name, `${PREFIX}${i + 2}`));
        } catch (error) {
            await net.remove().catch(() => {}); // the first error tells more
            throw error;
        }
        return net;
    }

    #add(name, address) {
        const file = `/run/netns/${name}`;
        const node = { name, address, file, prefix: ['nsenter', `--net=${file}`, '--'] };
        const hub = this.node(HUB);
        ip(hub, `netns add ${name}`);
        this.#nodes.set(name, node);
        ip(hub, `link add to-${name} type veth peer name eth0 netns ${name}`,
            `link set to-${name} master ${HUB} up`);
        ip(node, 'link set lo up', `addr add ${address}/24 dev eth0`, 'link set eth0 up');
    }

    // {name, address, prefix}, for Server.start(options, {netns}); 'hub' is one as well.
    node(name) {
        const node = this.#nodes.get(name);
        assert.ok(node, `a node ${name}`);
        return node;
    }

    address(name) {
        return this.node(name).address;
    }

    // What to put before a command's words to run it in this node.
    spawnPrefix(name) {
        return this.node(name).prefix;
    }

    // conditions: {delay: 20, loss: 1, 'up.rate': 5000, seed: 3}, see tests/tools/netem.h; each way
    // has the whole delay, so a round trip takes it twice. Until then the two talk over the bridge.
    async cable(from, to, conditions = {}) {
        const cable = await Cable.lay(`cable${this.#laid++}`, this.node(from), this.node(to),
            Object.entries(conditions).map(([key, value]) => `${key} ${value}`));
        this.#cables.push(cable);
        return cable;
    }

    // The hub's way to everywhere else leads to this node, and ends there. For programs that take a
    // host without such a way to be offline: Firefox.
    defaultRoute(name) {
        ip(this.node(HUB), `route add default via ${this.address(name)}`);
    }

    // All of it, whatever fails on the way; then fails if something did, or if processes were left
    // in a node, which are the test's to end.
    async remove() {
        const faults = [];
        const attempt = async (action) => {
            try {
                await action();
            } catch (error) {
                faults.push(error);
            }
        };
        const hub = this.node(HUB);
        for (const cable of this.#cables.splice(0))
            await attempt(async () =>
                assert.deepEqual(await cable.stop(), { code: 0, signal: null }, 'a cable\'s exit'));
        for (const { name } of [...this.#nodes.values()].slice(1)) {
            await attempt(() => assert.equal(
                execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }), '',
                `processes left in ${name}`));
            // the namespace itself goes when it likes, its device at once
            await attempt(() => ip(hub, `link del to-${name}`));
            await attempt(() => ip(hub, `netns del ${name}`));
            this.#nodes.delete(name);
        }
        await attempt(() => ip(hub, `link del ${HUB}`));
        if (faults.length > 0)
            throw faults[0];
    }
}
