// Runs the module on a text, as a web page would: node run.mjs MODULE.wasm TEXT
import { readFileSync } from "node:fs";

const [module, file] = process.argv.slice(2);
const begin = performance.now();
const { instance } = await WebAssembly.instantiate(readFileSync(module), {});
const { memory, reserve, structure, answer } = instance.exports;
const text = readFileSync(file);

function call() {
  const room = reserve(text.length);
  new Uint8Array(memory.buffer, room, text.length).set(text);
  const length = structure();
  return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, answer(), length)));
}

const sections = call();
const first = performance.now();
if (sections.error) throw new Error(sections.error);
for (const name of ["responsibilities", "requirements", "terms", "notes"]) {
  if (sections[name].length === 0) throw new Error(`expected passages under ${name}, found none`);
}
let best = Infinity;
for (let turn = 0; turn < 30; turn++) {
  const start = performance.now();
  call();
  best = Math.min(best, performance.now() - start);
}
console.log(
  `check-wasm: module to first answer ${(first - begin).toFixed(0)} ms, then ${best.toFixed(1)} ms ` +
    `a vacancy, ${(memory.buffer.byteLength / 2 ** 20).toFixed(0)} MiB of memory`,
);
