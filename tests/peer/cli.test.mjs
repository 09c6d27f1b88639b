// SPDX-License-Identifier: GPL-3.0-or-later
// The administrator's console with OpenSSH's client (cli.md). What the hooks make of its changes
// (CLI-7, CLI-8, CLI-10) is tested with the hooks.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePorts } from './lib/ports.mjs';
import { Server } from './lib/server.mjs';
import { plain, SshUser } from './lib/ssh.mjs';
import { until, within } from './lib/wait.mjs';

const SECRETS = ['canary-one', 'canary-two', 'canary-three', 'canary-rest'];

let server, admin, scratch;

before(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-console-'));
    [server, admin] = await start();
});
after(async () => {
    await server?.stop();
    fs.rmSync(scratch, { recursive: true, force: true });
});

function adminPassword(dir) {
    return fs.readFileSync(path.join(dir, 'admin-password'), 'utf8').trim();
}

// A server and its administrator.
async function start(options = {}) {
    const port = await freePorts(1);
    const running = await Server.start({ 'cli.port': port, 'cli.address': '127.0.0.1',
        ...options });
    const dir = options.state_dir ?? running.stateDir;
    return [running, new SshUser({ port, password: adminPassword(dir) })];
}

async function ok(user, command) {
    const { code, out, err } = await user.run(command);
    assert.deepEqual({ code, err }, { code: 0, err: '' }, command);
    return out;
}

async function fails(user, command, pattern) {
    const { code, out, err } = await user.run(command);
    assert.deepEqual({ code, out }, { code: 1, out: '' }, command);
    assert.match(err, pattern, command);
    assert.match(err, /^Error: [^\n]+\n$/, command);
}

async function refused(user) {
    const { code, err } = await user.run('show version');
    assert.equal(code, 255);
    assert.match(err, /Permission denied|Disconnected|closed by/);
}

function publicKeyPair(name, type = 'ed25519') {
    const file = path.join(scratch, name);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
    return { file, line: fs.readFileSync(`${file}.pub`, 'utf8') };
}

// A TCP connection that says `text` and then nothing; `closed` resolves when the server hangs up.
function idle(port, text = '') {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('error', () => {});
    socket.connected_ = new Promise((resolve) => socket.once('connect', resolve));
    socket.closed_ = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    return socket;
}

describe('logging in', () => {
    test('the drawn password of admin opens the console on a fresh install (CLI-1)', async () => {
        const mode = fs.statSync(path.join(server.stateDir, 'admin-password')).mode & 0o777;
        assert.equal(mode, 0o600);
        assert.match(await ok(admin, 'show version'), /^Sluice \d/);
        const key = path.join(server.stateDir, 'ssh_host_ed25519_key');
        assert.equal(fs.statSync(key).mode & 0o777, 0o600);
        assert.match(execFileSync('ssh-keygen', ['-lf', key], { encoding: 'utf8' }), /ED25519/);
    });

    test('a wrong password, an unknown and an inactive user are refused (CLI-2)', async () => {
        await ok(admin, 'add user sleeper canary-one');
        const sleeper = admin.as({ user: 'sleeper', password: 'canary-one', from: '127.0.0.2' });
        assert.match(await ok(sleeper, 'show version'), /Sluice/);
        await ok(admin, 'update user -a false sleeper');
        const once = (user) => user.startWith(['-o', 'NumberOfPasswordPrompts=1'], 'show version');
        for (const user of [sleeper, sleeper.as({ user: 'nobody' }),
            admin.as({ password: 'wrong', from: '127.0.0.2' })]) {
            const { code, err } = await once(user).done();
            assert.equal(code, 255);
            assert.match(err, /Permission denied \(publickey,password\)/);
        }
        await ok(admin, 'remove user sleeper');
    });

    test('three wrong passwords end the connection, five a minute make the next wait', async () => {
        const guesser = admin.as({ password: 'wrong', from: '127.0.0.3', logLevel: 'INFO' });
        const first = guesser.startWith(['-o', 'NumberOfPasswordPrompts=10'], 'show version');
        assert.equal((await first.done()).code, 255);
        const count = () => server.lines.filter((line) => /wrong password.*127\.0\.0\.3/.test(line))
            .length;
        await until('three were told', () => count() >= 3); // the log is written behind it
        assert.equal(count(), 3);
        const second = guesser.startWith(['-o', 'NumberOfPasswordPrompts=10'], 'show version');
        await until('the server asks to wait', () => /please wait \d+ s/.test(second.err));
        await until('two more were told', () => count() >= 5);
        assert.equal(count(), 5);
        second.kill();
        assert.match(await ok(admin, 'show version'), /Sluice/); // others are not concerned
    });

    test('public keys of the file open the console, others do not', async () => {
        const good = publicKeyPair('good'), rsa = publicKeyPair('rsa', 'rsa');
        const bad = publicKeyPair('bad');
        const file = path.join(scratch, 'authorized_keys');
        fs.writeFileSync(file, `# admins\n${good.line}${rsa.line}`, { mode: 0o600 });
        const [other, user] = await start({ 'cli.authorized_keys': file });
        try {
            await ok(user, 'add user bob canary-two');
            assert.match(await ok(user.as({ key: good.file }), 'show version'), /Sluice/);
            assert.match(await ok(user.as({ key: rsa.file, user: 'bob' }), 'show version'),
                /Sluice/);
            await refused(user.as({ key: bad.file }));
            await refused(user.as({ key: good.file, user: 'nobody' }));
            await ok(user, 'update user -a false bob');
            await refused(user.as({ key: good.file, user: 'bob' }));
            fs.chmodSync(file, 0o666); // others may write: not used
            await refused(user.as({ key: good.file }));
            fs.chmodSync(file, 0o600);
            fs.writeFileSync(file, ''); // read at each login
            await refused(user.as({ key: good.file }));
        } finally {
            await other.stop();
        }
    });

    test('old algorithms are not offered', async () => {
        for (const option of ['KexAlgorithms=diffie-hellman-group14-sha1', 'Ciphers=aes128-cbc',
            'MACs=hmac-sha1', 'HostKeyAlgorithms=ssh-rsa']) {
            const cipher = option.startsWith('MACs') ? ['-o', 'Ciphers=aes128-ctr'] : [];
            const { code, err } = await admin.as({ logLevel: 'INFO' })
                .startWith([...cipher, '-o', option], 'show version').done();
            assert.equal(code, 255, option);
            assert.match(err, /no matching|Unable to negotiate|Bad/, option);
        }
    });
});

describe('commands', () => {
    test('show apps lists defaultApp with its key and URL (CLI-3)', async () => {
        const lines = (await ok(admin, 'show apps')).split('\n');
        assert.match(lines[0], /^Name +Key +Url$/);
        assert.match(lines[1], /^-+$/);
        assert.match(lines[2], /^defaultApp {3}defaultApp {3}http:\/\/\S+\/EchoApp$/);
    });

    test('methods are enabled, again, listed, disabled (CLI-4, CLI-9, CLI-10)', async () => {
        for (let i = 0; i < 2; i++)
            assert.equal(await ok(admin, 'add app-rest-method defaultApp StreamKeepAliveEvent'), '');
        assert.match(await ok(admin, 'show app-rest-methods defaultApp'),
            /^StreamKeepAliveEvent$/m);
        await ok(admin, 'add app All all http://127.0.0.1/all');
        assert.equal(await ok(admin, 'show app-rest-methods all'), '');
        await ok(admin, 'add app-rest-method -a all');
        const words = (text) => text.trim().split('\n');
        const aliases = ['sendDtmf', 'sendData']; // other spellings (decision 7)
        assert.deepEqual(words(await ok(admin, 'show app-rest-methods all')),
            words(await ok(admin, 'show rest-methods')).filter((name) => !aliases.includes(name)));
        await ok(admin, 'remove app-rest-method all connect');
        assert.doesNotMatch(await ok(admin, 'show app-rest-methods all'), /^connect$/m);
        await ok(admin, 'remove app All');
    });

    test('the URL stands behind the name or -l, quoted or not (CLI-5, CLI-6, CLI-20)', async () => {
        const url = async () => (await ok(admin, 'show apps | grep defaultApp')).trim().split(/ +/)[2];
        await ok(admin, 'update app defaultApp http://127.0.0.1:9/one');
        assert.equal(await url(), 'http://127.0.0.1:9/one');
        await ok(admin, 'update app -l http://127.0.0.1:9/two defaultApp');
        assert.equal(await url(), 'http://127.0.0.1:9/two');
        await ok(admin, 'update app defaultApp "http://127.0.0.1:9/three"');
        assert.equal(await url(), 'http://127.0.0.1:9/three');
        await fails(admin, 'update app defaultApp http://a -l http://b', /Two different URLs/);
    });

    test('bad changes fail with one line and change nothing (CLI-11)', async () => {
        const was = await ok(admin, 'show apps -d');
        for (const command of ['add app defaultApp k http://h', 'add app N defaultApp http://h',
            'add app N k nourl', 'update app nosuch http://h', 'update app defaultApp ftp://h',
            'remove app defaultApp', 'add app-rest-method defaultApp nosuch', 'nonsense'])
            await fails(admin, command, /^Error: /);
        assert.equal(await ok(admin, 'show apps -d'), was);
    });

    test('a user who owns an application stays (CLI-14)', async () => {
        await ok(admin, 'add user owner canary-one');
        await ok(admin, 'add app -o owner Owned owned http://127.0.0.1/owned');
        await fails(admin, 'remove user owner', /own/);
        await ok(admin, 'remove app Owned');
        await ok(admin, 'remove user owner');
    });

    test('users other than admin keep to their own (CLI-13)', async () => {
        await ok(admin, 'add user bob canary-one');
        const bob = admin.as({ user: 'bob', password: 'canary-one' });
        assert.doesNotMatch(await ok(bob, 'show apps'), /defaultApp/);
        await ok(bob, 'add app Bobs bobs http://127.0.0.1/b');
        assert.match(await ok(bob, 'show apps'), /^Bobs +bobs +http/m);
        await fails(bob, 'add user eve canary-two', /Only admin/);
        await fails(bob, 'passwd admin', /Only admin/);
        await ok(bob, 'remove app Bobs');
        const shell = await bob.terminal();
        await ok(admin, 'update user -a false bob');
        shell.write('show apps\r');
        await shell.expect('Error: This user may not log in any more');
        assert.equal((await shell.done()).code, 1);
        await ok(admin, 'remove user bob');
    });

    test('settings can be looked through (CLI-16)', async () => {
        const lines = (await ok(admin, 'show node-settings | grep port')).trim().split('\n');
        assert.ok(lines.every((line) => line.includes('port')));
        assert.ok(lines.some((line) => /^http\.port=\d+$/.test(line)));
        assert.match(await ok(admin, 'show node-setting cli.port'), new RegExp(`=${admin.port}\n`));
    });

    test('help tells of every command, an unknown one ends nothing (CLI-18)', async () => {
        const help = await ok(admin, 'help');
        for (const command of ['show apps', 'add app', 'update app', 'remove app', 'passwd',
            'show rest-methods', 'add app-rest-method', 'add user', 'show streams', 'exit'])
            assert.match(help, new RegExp(`^${command}\\b`, 'm'));
        assert.match(await ok(admin, 'update app --help'), /--location/);
        const { code, out, err } = await admin.run('', 'nonsense\nshow version\n');
        assert.equal(code, 0);
        assert.match(out, /^Sluice/);
        assert.equal(err, 'Error: Unknown command: nonsense\n');
    });

    test('changes are there after a restart (CLI-15)', async () => {
        const dir = path.join(scratch, 'state');
        fs.mkdirSync(dir);
        let [first, user] = await start({ state_dir: dir });
        await ok(user, 'update app defaultApp http://127.0.0.1:9/kept');
        await ok(user, 'add app-rest-method defaultApp StreamKeepAliveEvent');
        await ok(user, 'add user keeper canary-three');
        await first.stop();
        const hostKey = fs.readFileSync(path.join(dir, 'ssh_host_ed25519_key'));
        [first, user] = await start({ state_dir: dir });
        assert.match(await ok(user, 'show apps'), /http:\/\/127\.0\.0\.1:9\/kept/);
        assert.match(await ok(user, 'show app-rest-methods defaultApp'), /StreamKeepAliveEvent/);
        assert.match(await ok(user.as({ user: 'keeper', password: 'canary-three' }), 'show version'),
            /Sluice/);
        assert.deepEqual(fs.readFileSync(path.join(dir, 'ssh_host_ed25519_key')), hostKey);
        await first.stop();
    });
});

describe('at a terminal', () => {
    const PROCEDURE = ['show apps', 'add app-rest-method defaultApp StreamKeepAliveEvent',
        'update app defaultApp http://my-web-server.com/MyAPI'];

    for (const [name, end] of [['CR', '\r'], ['LF', '\n'], ['CRLF', '\r\n']]) {
        test(`the procedure of the seed works pasted in one go with ${name} (CLI-19)`, async () => {
            await ok(admin, 'update app defaultApp http://127.0.0.1/before');
            const shell = await admin.terminal();
            shell.write(PROCEDURE.map((line) => line + end).join('') + `exit${end}`);
            const { code, out } = await shell.done();
            assert.equal(code, 0);
            assert.doesNotMatch(out, /Error/);
            assert.equal(plain(out).match(/^% /gm).length, 4);
            assert.match(await ok(admin, 'show apps'), /http:\/\/my-web-server\.com\/MyAPI/);
        });
    }

    test('the procedure of the seed works line by line, Ctrl-D leaves', async () => {
        const shell = await admin.terminal();
        for (const line of PROCEDURE) {
            shell.write(`${line}\r`);
            await shell.expect(`${line}\n`);
            const { between } = await shell.expect('% ');
            if (line === 'show apps')
                assert.match(between, /^Name +Key +Url\n-+\ndefaultApp {3}/);
            else
                assert.equal(between, '');
        }
        shell.write('\x04');
        assert.equal((await shell.done()).code, 0);
    });

    test('TAB completes commands, applications and methods, and lists what fits', async () => {
        const shell = await admin.terminal();
        shell.write('ad\tapp-\tdef\tStreamK\t\r');
        await shell.expect('add app-rest-method defaultApp StreamKeepAliveEvent');
        await shell.expect('% ');
        shell.write('show app\t');
        await shell.expect(/app-rest-methods +apps/);
        await shell.expect('% show app');
        shell.write('s\r');
        await shell.expect('Name');
        shell.kill();
    });

    test('history and editing work, lines with passwords are forgotten (CLI-17)', async () => {
        await ok(admin, 'add user writer canary-two'); // whose history is empty
        const writer = admin.as({ user: 'writer', password: 'canary-two' });
        const shell = await writer.terminal();
        shell.write('show version\r');
        await shell.expect('Sluice');
        await shell.expect('% ');
        shell.write('add app -p canary-rest Written written http://127.0.0.1/w\r');
        await shell.expect('% ');
        shell.write('\x1b[A\x1b[A'); // the line before that one; nothing before it
        await shell.expect('show version');
        shell.write('\x01\x1b[3~\x1b[3~sh\r'); // Home, two deletes, typed again
        await shell.expect('Sluice');
        await shell.expect('% ');
        shell.write('remove app Written\rshow nonsense\x03exit\r');
        const { out } = await shell.done();
        assert.match(plain(out), /show nonsense\^C\n/);
        const again = await writer.terminal(); // the same user's history, in another session
        again.write('\x10\x10'); // "exit", then the line before
        await again.expect('remove app Written');
        again.write('\x15exit\r');
        await again.done();
        await ok(admin, 'remove user writer');
    });

    test('a line longer than 40 columns goes on in the next row', async () => {
        const shell = await admin.terminal({ columns: 40 });
        const text = 'x'.repeat(36) + 'abcdefgh';
        shell.write(text);
        await until('the second row', () => shell.out.includes('xxab\r\ncdefgh'));
        shell.write('\x7f'.repeat(10)); // back into the first
        await until('one row up', () => shell.out.includes('\x1b[1A'));
        shell.write('\x15exit\r');
        assert.equal((await shell.done()).code, 0);
    });

    test('a window that becomes narrower is followed', async () => {
        const shell = await admin.terminal();
        shell.write('x'.repeat(50));
        await shell.expect('x'.repeat(50));
        shell.resize(40, 24);
        await until('two rows', () => /x{38}\r\nx{12}/.test(shell.out));
        shell.write('\x15exit\r');
        assert.equal((await shell.done()).code, 0);
    });

    test('passwd asks twice without echo; the old password is refused then (CLI-12)', async () => {
        await ok(admin, 'add user carol canary-one');
        const carol = admin.as({ user: 'carol', password: 'canary-one' });
        const shell = await carol.terminal();
        shell.write('passwd\r');
        await shell.expect('New password: ');
        shell.write('canary-two\r');
        await shell.expect('Again: ');
        shell.write('canary-three\r');
        await shell.expect('Error: The two passwords differ');
        await shell.expect('% ');
        shell.write('passwd\r');
        await shell.expect('New password: ');
        shell.write('canary-two\r');
        await shell.expect('Again: ');
        shell.write('canary-two\rexit\r');
        const { out } = await shell.done();
        assert.doesNotMatch(out, /canary/);
        const was = carol.as({ from: '127.0.0.4' });
        await refused(was);
        assert.match(await ok(carol.as({ password: 'canary-two' }), 'show version'), /Sluice/);
        const piped = await admin.run('passwd carol', 'canary-three\ncanary-three\n');
        assert.deepEqual(piped, { code: 0, out: '', err: '' });
        assert.match(await ok(carol.as({ password: 'canary-three' }), 'show version'), /Sluice/);
        await fails(admin, 'passwd nobody', /No such user/);
        assert.equal((await admin.run('passwd carol', 'only-one\n')).code, 1);
        await ok(admin, 'remove user carol');
    });
});

describe('what it withstands', () => {
    test('forwarding, subsystems and a second channel are refused', async () => {
        const back = admin.startWith(['-N', '-o', 'ExitOnForwardFailure=yes', '-R', '0:localhost:1']);
        const { code, err } = await back.done();
        assert.equal(code, 255);
        assert.match(err, /forwarding failed|forwarding request failed/i);

        const port = await freePorts(1);
        const local = admin.startWith(['-N', '-L', `${port}:127.0.0.1:${admin.port}`]);
        await until('ssh listens', () => new Promise((resolve) => {
            const socket = net.connect(port, '127.0.0.1', () => {
                socket.destroy();
                resolve(true);
            }).once('error', () => resolve(false));
        }));
        const socket = idle(port);
        socket.on('data', () => assert.fail('something came through'));
        await within(10_000, 'the forwarded connection is cut', socket.closed_);
        local.kill();

        const sftp = await admin.startWith(['-s'], 'sftp').done();
        assert.equal(sftp.code, 255);
        assert.match(sftp.err, /subsystem request failed/);

        const control = path.join(scratch, 'control');
        const master = admin.startWith(['-M', '-S', control, '-tt']);
        await master.expect('% ');
        const second = await admin.startWith(['-S', control, '-o', 'ProxyCommand=/bin/false'],
            'show version').done();
        assert.notEqual(second.code, 0);
        master.kill();
    });

    test('200 idle connections do not keep the administrator out', async () => {
        const sockets = Array.from({ length: 200 }, (_, i) =>
            idle(admin.port, ['', 'SSH-2.0-idle\r\n', 'GET / HTTP/1.1\r\n\r\n'][i % 3]));
        await Promise.all(sockets.map((socket) => socket.connected_));
        assert.match(await ok(admin, 'show version'), /Sluice/);
        const shell = await admin.terminal();
        sockets.push(...Array.from({ length: 50 }, () => idle(admin.port)));
        shell.write('show version\r');
        await shell.expect('Sluice');
        shell.write('exit\r');
        await shell.done();
        for (const socket of sockets)
            socket.destroy();
    });

    test('garbage at any point of the handshake harms nobody', async () => {
        const garbage = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251));
        const heads = ['', 'SSH-2.0-x\r\n', 'SSH-2.0-x\r\n\0\0\0\x0c', 'SSH-1.0-x\r\n',
            'SSH-2.0-x\r\n\xff\xff\xff\xff', `SSH-2.0-${'x'.repeat(300)}\r\n`];
        const sockets = Array.from({ length: 60 }, (_, i) => idle(admin.port, Buffer.concat([
            Buffer.from(heads[i % heads.length], 'latin1'), garbage.subarray(i * 13)])));
        await Promise.all(sockets.map((socket) => socket.connected_));
        assert.match(await ok(admin, 'show version'), /Sluice/);
        for (const socket of sockets)
            socket.destroy();
    });

    test('a client that does not read harms only itself and loses nothing', async () => {
        const count = 3000;
        const slow = admin.start();
        slow.process.stdout.pause();
        slow.process.stdin.end('show rest-methods\n'.repeat(count));
        for (let i = 0; i < 5; i++)
            assert.match(await ok(admin, 'show version'), /Sluice/);
        slow.process.stdout.resume();
        const { code, out } = await slow.done(60_000);
        assert.equal(code, 0);
        const methods = await ok(admin, 'show rest-methods');
        assert.equal(out.length, methods.length * count);
    });

    test('a client that vanishes while its command runs leaves nothing behind', async () => {
        for (let i = 0; i < 10; i++) {
            const ssh = admin.start();
            ssh.write(`add user ghost${i} canary-one\n`);
            await server.waitForLog(new RegExp(`console: "admin": add user "ghost${i}"|logged in`));
            ssh.kill();
        }
        for (let i = 0; i < 10; i++)
            await admin.run(`remove user ghost${i}`);
        assert.doesNotMatch(await ok(admin, 'show users'), /ghost/);
    });

    test('the server ends with consoles open', async () => {
        const [other, user] = await start();
        const shell = await user.terminal();
        const piped = user.start();
        await until('both logged in', () =>
            other.lines.filter((line) => /logged in from/.test(line)).length === 2);
        await other.stop();
        assert.equal((await shell.done()).code, 255);
        assert.equal((await piped.done()).code, 255);
    });

    test('passwords are in no log (CLI-17)', async () => {
        await ok(admin, 'add app -p canary-rest Secret secret http://127.0.0.1/s');
        for (const command of ['show apps -d', 'show users -d', 'show node-settings'])
            assert.doesNotMatch(await ok(admin, command), /canary/);
        await fails(admin, 'add user x canary-one extra', /^Error: Too many words\n$/);
        await fails(admin, 'add user x -canary-one', /^Error: Unknown option/);
        await fails(admin, 'passwd canary-one', /^Error: No such user\n$/); // a slip
        await fails(admin, 'add user canary-one -- admin canary-one', /^Error: Too many words\n$/);
        for (const secret of [...SECRETS, admin.password])
            assert.ok(!server.log.includes(secret), secret);
        await ok(admin, 'remove app Secret');
    });
});
