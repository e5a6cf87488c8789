// The ladder by sharp: `node sharp.mjs MOZJPEG FILES_AT_ONCE FILE...`, and one file: `node sharp.mjs encode MOZJPEG QUALITY OUT FILE`,
// or `node sharp.mjs form webp|avif|nothing QUALITY OUT FILE` with the settings that sharp itself chooses.
import { writeFileSync } from 'node:fs';
import sharp from 'sharp';

const ladder = [[2048, 82], [1080, 82], [400, 80]];
const [first, ...rest] = process.argv.slice(2);

async function make(file, mozjpeg) {
    for (const [side, quality] of ladder) {
        await sharp(file)
            .rotate()
            .resize(side, side, { fit: 'inside', withoutEnlargement: true })
            .jpeg({ quality, mozjpeg })
            .toBuffer();
    }
}

if (first === 'encode') {
    const [mozjpeg, quality, out, file] = rest;
    await sharp(file).jpeg({ quality: Number(quality), mozjpeg: mozjpeg === 'true' }).toFile(out);
} else if (first === 'form') {
    const [form, quality, out, file] = rest;
    sharp.concurrency(1);
    const picture = sharp(file);
    const options = { quality: Number(quality) };
    const forms = { webp: () => picture.webp(options), avif: () => picture.avif(options), nothing: () => picture.raw() };
    writeFileSync(out, await forms[form]().toBuffer());
} else {
    const [threads, ...files] = rest;
    sharp.concurrency(1);
    sharp.cache(false);
    const workers = Array.from({ length: Number(threads) }, async () => {
        while (files.length > 0) await make(files.shift(), first === 'true');
    });
    await Promise.all(workers);
}
