// SPDX-License-Identifier: GPL-3.0-or-later
// A web back end that takes its time over StreamKeepAliveEvent and answers all else at once. A
// process of its own, started with fork(): hooks_backend.mjs MILLISECONDS. Tells its port, and for
// each message {id} what it has counted.
import http from 'node:http';

const delay = Number(process.argv[2]);
const counted = { hooks: 0, keepAlives: 0, waiting: 0, waitingMost: 0, cut: 0, sockets: 0 };

function answer(response) {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end('{}');
}

function answerLate(response) {
  counted.keepAlives++;
  counted.waitingMost = Math.max(counted.waitingMost, ++counted.waiting);
  let answered = false;
  const timer = setTimeout(() => {
    answered = true;
    counted.waiting--;
    answer(response);
  }, delay);
  response.on('close', () => {
    if (answered) return;
    clearTimeout(timer);
    counted.waiting--;
    counted.cut++;
  });
}

const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    counted.hooks++;
    if (request.url.endsWith('/StreamKeepAliveEvent')) answerLate(response);
    else answer(response);
  });
});
server.on('connection', (socket) => {
  counted.sockets++;
  socket.on('error', () => {}); // the server under test has ended
});
server.listen(0, '127.0.0.1', 4096, () => process.send({ port: server.address().port }));
process.on('message', ({ id }) => process.send({ id, result: { ...counted } }));
process.on('disconnect', () => process.exit(0));
