import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import type { NodeSchema } from "../api/types";
import { listAt } from "../graph/levels";
import { cardLayout, placeholderSchema, type Attachments } from "../graph/layout";
import type { Card } from "../graph/sheet";
import type { Size } from "../graph/edit";
import { flatId, useEditor } from "./editor";
import { allProblems, problemsOf, useProblems } from "./problems";

type Runs = ReturnType<typeof useRuns.getState>;
type Seen = Pick<Runs, "assets" | "previewAspects" | "reports">;

/** Room kept for a picture that is still to come, so that cards do not jump when it does. */
const EXPECTED_ASPECT = 1;

/** What a card shows besides its schema. */
export function attachmentsOf(id: string, schema: NodeSchema, seen: Seen, problem: boolean): Attachments {
  const flat = flatId(id);
  const asset = listAt(seen.assets, flat)?.at(-1);
  const aspect = asset && asset.width > 0 ? asset.height / asset.width : (seen.previewAspects[flat] ?? expected(schema));
  return { aspect, report: Boolean(listAt(seen.reports, flat)?.length), problem };
}

function expected(schema: NodeSchema): number | null {
  const shows = schema.output_node && schema.inputs.some((i) => i.port && (i.type === "Image" || i.type === "Video"));
  return shows ? EXPECTED_ASPECT : null;
}

export function schemaOf(card: Card): NodeSchema {
  return useCatalog.getState().catalog[card.type] ?? placeholderSchema(card.type, card.id, useEditor.getState().links);
}

/** A card's size as it is drawn now. */
export function sizeOf(card: Card): Size {
  const problem = problemsOf(allProblems(useProblems.getState()), flatId(card.id)).length > 0;
  const schema = schemaOf(card);
  return cardLayout(schema, card, attachmentsOf(card.id, schema, useRuns.getState(), problem));
}
