import { build } from 'vite';

/** Bundles the browser library as an application would, in memory, and prints what it adds to a page. */
const output = await build({
  configFile: false,
  logLevel: 'error',
  root: new URL('..', import.meta.url).pathname,
  build: {
    write: false,
    minify: true,
    lib: { entry: new URL('index.ts', import.meta.url).pathname, formats: ['es'] },
  },
});
const bundles = Array.isArray(output) ? output : [output];
const chunks = bundles.flatMap((bundle) => ('output' in bundle ? bundle.output : []));
const code = new Blob(chunks.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')));
const packed = await new Response(code.stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
process.stdout.write(`client-sync: ${kilobytes(code.size)} minified, ${kilobytes(packed.byteLength)} gzip\n`);
