import { isObject, pair, type Json } from "./json";
import type { Dot, Link, Sheet } from "./sheet";

/** Dots that lead a link around what is in its way. The document keeps them by the link's id, as `reroutes`. */
export function readDots(links: readonly Link[], raw: unknown): Link[] {
  const reroutes = isObject(raw) ? raw : {};
  return links.map((link) => {
    const dots = reroutes[link.id];
    const via = Array.isArray(dots) ? dots.map(pair).map(([x, y]): Dot => ({ x, y })) : [];
    return via.length ? { ...link, via } : link;
  });
}

export function writeDots(links: readonly Link[]): Json {
  const led = links.filter((link) => link.via?.length);
  if (!led.length) return {};
  return { reroutes: Object.fromEntries(led.map((link) => [link.id, link.via!.map((dot) => [Math.round(dot.x), Math.round(dot.y)])])) };
}

function change(sheet: Sheet, id: string, via: (dots: readonly Dot[]) => readonly Dot[]): Sheet {
  return { ...sheet, links: sheet.links.map((link) => (link.id === id ? { ...link, via: via(link.via ?? []) } : link)) };
}

/** Put a dot on a link, between the two points of its course that it is nearest to. */
export function addDot(sheet: Sheet, id: string, at: Dot, start: Dot, end: Dot): Sheet {
  return change(sheet, id, (dots) => {
    const course = [start, ...dots, end];
    const detours = course.slice(1).map((next, i) => gap(course[i]!, at) + gap(at, next) - gap(course[i]!, next));
    const place = detours.indexOf(Math.min(...detours));
    return [...dots.slice(0, place), at, ...dots.slice(place)];
  });
}

export function moveDot(sheet: Sheet, id: string, index: number, to: Dot): Sheet {
  return change(sheet, id, (dots) => dots.map((dot, i) => (i === index ? to : dot)));
}

export function removeDot(sheet: Sheet, id: string, index: number): Sheet {
  return change(sheet, id, (dots) => dots.filter((_, i) => i !== index));
}

export function clearDots(sheet: Sheet, id: string): Sheet {
  return change(sheet, id, () => []);
}

/** Links between cards that move together take their dots along. */
export function carryDots(links: readonly Link[], shiftOf: (card: string) => Dot | undefined): readonly Link[] {
  if (!links.some((link) => link.via?.length)) return links;
  return links.map((link) => {
    const [one, other] = [shiftOf(link.source), shiftOf(link.target)];
    if (!link.via?.length || !one || !other || one.x !== other.x || one.y !== other.y) return link;
    return { ...link, via: link.via.map((dot) => ({ x: dot.x + one.x, y: dot.y + one.y })) };
  });
}

function gap(a: Dot, b: Dot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** An SVG path through all points that leaves and arrives level, as links do. */
export function course(points: readonly Dot[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let from = first;
  let path = `M${first.x},${first.y}`;
  for (const to of rest) {
    const bend = Math.max(20, Math.abs(to.x - from.x) / 2);
    path += ` C${from.x + bend},${from.y} ${to.x - bend},${to.y} ${to.x},${to.y}`;
    from = to;
  }
  return path;
}
