// Plants a fault: given to every process of a test run by NODE_OPTIONS, it changes the text of one file as that is loaded. Nothing on
// disk is touched, so that a run that dies leaves nothing behind.
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const planted = process.env.PLANTED_FAULT;
if (planted) {
  const { url: faulty, text, becomes, marker } = JSON.parse(planted);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== faulty) return loaded;
      const source = new TextDecoder().decode(Buffer.from(loaded.source));
      if (source.split(text).length !== 2) throw new Error(`the text of the fault is not in ${url} once`);
      appendFileSync(marker, 'planted\n');
      return { ...loaded, source: source.replace(text, () => becomes) };
    },
  });
}
