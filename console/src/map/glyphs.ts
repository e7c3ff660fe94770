// Letters for the map's labels, drawn from the fonts of the reader's device: no glyph file is ever loaded.
//
// MapLibre draws Chinese characters, kana and hangul itself and asks for all else in ranges of 256 characters, as
// protocol buffers of signed distances. Drawing those here too saves a megabyte of glyph files in the binary, needs
// no other host, and gives the labels the very font of the page around them.
import TinySDF from "@mapbox/tiny-sdf";
import Pbf from "pbf";

/** The scheme under which MapLibre asks for ranges. */
export const GLYPHS = "machi-glyphs";
export const GLYPHS_URL = `${GLYPHS}://{fontstack}/{range}`;

const SIZE = 24;
/** What MapLibre expects around each glyph. */
const BORDER = 3;
/** From the top of MapLibre's line to its baseline. */
const ASCENT = 27;

/** The range that an address names, as a protocol buffer. */
export function glyphs(url: string, family: string): Uint8Array {
  const [stack = "", range = ""] = decodeURIComponent(url.slice(`${GLYPHS}://`.length)).split("/");
  const [first = 0, last = first] = range.replace(".pbf", "").split("-").map(Number);
  const pen = new TinySDF({
    fontSize: SIZE,
    buffer: BORDER,
    radius: 8,
    cutoff: 0.25,
    fontFamily: family,
    fontWeight: stack.includes("bold") ? "700" : "400",
  });
  const pbf = new Pbf();
  pbf.writeMessage(1, writeStack, { stack, range, pen, first, last: Math.min(last, first + 255) });
  return pbf.finish();
}

interface Drawing {
  stack: string;
  range: string;
  pen: TinySDF;
  first: number;
  last: number;
}

function writeStack({ stack, range, pen, first, last }: Drawing, pbf = new Pbf()): void {
  pbf.writeStringField(1, stack);
  pbf.writeStringField(2, range);
  for (let code = first; code <= last; code += 1) {
    // Control characters and halves of pairs have no picture.
    const isPicture = code >= 0x20 && !(code >= 0xd800 && code <= 0xdfff) && !(code >= 0x7f && code <= 0x9f);
    if (isPicture) pbf.writeMessage(3, writeGlyph, { code, pen });
  }
}

function writeGlyph({ code, pen }: { code: number; pen: TinySDF }, pbf = new Pbf()): void {
  const glyph = pen.draw(String.fromCharCode(code));
  pbf.writeVarintField(1, code);
  if (glyph.glyphWidth > 0) pbf.writeBytesField(2, new Uint8Array(glyph.data));
  pbf.writeVarintField(3, glyph.glyphWidth);
  pbf.writeVarintField(4, glyph.glyphHeight);
  pbf.writeSVarintField(5, glyph.glyphLeft);
  pbf.writeSVarintField(6, glyph.glyphTop - ASCENT);
  pbf.writeVarintField(7, Math.round(glyph.glyphAdvance));
}
