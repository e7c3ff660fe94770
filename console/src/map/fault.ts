// Where in a condition the city found a fault: its text names the place by a number.
export interface Fault {
  before: string;
  at: string;
  after: string;
}

/** Null where the text names no place within the condition. */
export function faultOf(q: string, detail: string): Fault | null {
  const [, inEnglish, inJapanese] = /q: .*?(?:position|character) (\d+)|q: (\d+)文字目/.exec(detail) ?? [];
  const told = inEnglish ?? inJapanese;
  const place = Number(told);
  const letters = [...q];
  if (!told || place < 1 || place > letters.length + 1) return null;
  return {
    before: letters.slice(0, place - 1).join(""),
    at: letters[place - 1] ?? " ",
    after: letters.slice(place).join(""),
  };
}
