// SPDX-License-Identifier: MIT
// tests/dropin/programs/node_load.js: worker threads, files and hashes, N round trips; knows nothing of efd.
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { promisify } = require('node:util');

async function main() {
  const number = Number(process.argv[2]);
  const worker = new Worker(__filename);
  let sum = 0;
  await new Promise((done) => {
    worker.on('message', (n) => {
      sum += n;
      if (n === number) done();
      else worker.postMessage(n);
    });
    worker.postMessage(0);
  });
  await worker.terminate();
  const keys = await Promise.all(
    Array.from({ length: 8 }, (_, i) => promisify(crypto.pbkdf2)('word', `salt ${i}`, 1000, 16, 'sha256')));
  const sizes = await Promise.all(Array.from({ length: 64 }, () => fs.promises.readFile(__filename)));
  console.log(sum, Buffer.concat(keys).toString('hex'), new Set(sizes.map((one) => one.length)).size);
  console.log(fs.readdirSync('/proc/self/fd').length, 'descriptors');
}

if (isMainThread) main();
else parentPort.on('message', (n) => parentPort.postMessage(n + 1));
