import type { Card, Page, Pages, Sheet } from "./sheet";
import { setValue, updateCards } from "./edit";

/** A seed is fixed, or drawn anew at each run; the node remembers which in its extra key `seed_mode`. */
export type SeedMode = "fixed" | "random";

export function seedMode(card: Card | undefined, input: string): SeedMode {
  const modes = card?.extra["seed_mode"];
  return typeof modes === "object" && modes !== null && (modes as Record<string, unknown>)[input] === "random" ? "random" : "fixed";
}

export function setSeedMode(sheet: Sheet, id: string, input: string, mode: SeedMode): Sheet {
  return updateCards(sheet, new Set([id]), (card) => ({
    extra: { ...card.extra, seed_mode: { ...(card.extra["seed_mode"] as object | undefined), [input]: mode } },
  }));
}

/** Digits as the document wants them: a number while it is exact, a string above 2^53. */
export function seedValue(digits: string): number | string {
  const clean = digits.replace(/\D/g, "").replace(/^0+(?=\d)/, "") || "0";
  const number = Number(clean);
  return Number.isSafeInteger(number) ? number : clean;
}

/** A 48-bit seed: enough to never meet twice, short enough to read out. */
export function drawSeed(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0xffff) * 2 ** 32 + low;
}

/** The same for all graphs of a document; those without a seed to draw stay as they are. */
export function rollPages(pages: Pages, draw: () => number = drawSeed): Pages {
  const rolled = Object.entries(pages).map(([id, page]): [string, Page] => {
    const sheet = rollSeeds(page.sheet, draw);
    return [id, sheet === page.sheet ? page : { ...page, sheet }];
  });
  return rolled.every(([id, page]) => pages[id] === page) ? pages : Object.fromEntries(rolled);
}

/** The sheet for the next run: every seed in random mode that is not fed by a link gets a new value. */
export function rollSeeds(sheet: Sheet, draw: () => number = drawSeed): Sheet {
  let next = sheet;
  for (const card of Object.values(sheet.cards)) {
    const modes = card.extra["seed_mode"];
    for (const input of Object.keys(typeof modes === "object" && modes !== null ? modes : {})) {
      const linked = sheet.links.some((l) => l.target === card.id && l.input === input);
      if (!linked && seedMode(card, input) === "random") next = setValue(next, card.id, input, draw());
    }
  }
  return next;
}
