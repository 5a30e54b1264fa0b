import { score } from "./search";

/** What the gallery knows of an example workflow before it is opened. */
export interface Template {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Whether the server has a picture of what it makes. */
  readonly picture: boolean;
}

/** All tags, in the order in which the templates have them. */
export function tagsOf(templates: readonly Template[]): string[] {
  return [...new Set(templates.flatMap((template) => template.tags))];
}

/** Templates with a tag (any, when it is empty) that match every word, those with the words in their title first. */
export function findTemplates(templates: readonly Template[], query: string, tag = ""): Template[] {
  const words = query.split(/\s+/).filter(Boolean);
  return templates
    .filter(({ tags }) => !tag || tags.includes(tag))
    .map((template) => ({ template, points: points(template, words) }))
    .filter((hit) => hit.points > 0)
    .sort((a, b) => b.points - a.points)
    .map((hit) => hit.template);
}

function points({ title, description, tags }: Template, words: readonly string[]): number {
  const text = `${tags.join(" ")} ${description}`;
  const hits = words.map((word) => 2 * score(word, title) || (text.toLowerCase().includes(word.toLowerCase()) ? 1 : 0));
  return hits.every(Boolean) ? 1 + hits.reduce((sum, hit) => sum + hit, 0) : 0;
}
