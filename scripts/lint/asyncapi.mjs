// Prints what the AsyncAPI parser finds in the files named, as JSON: [{file, rule, message, where}].
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const parser = new Parser();
const found = [];
for (const file of process.argv.slice(2)) {
  const { diagnostics } = await parser.parse(readFileSync(file, 'utf8'), { source: file });
  for (const { code, message, path } of diagnostics) {
    found.push({ file, rule: String(code), message, where: path.join('.') });
  }
}
process.stdout.write(JSON.stringify(found));
