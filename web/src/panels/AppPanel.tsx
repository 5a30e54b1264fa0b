import { useCatalog } from "../api/catalog";
import { editPages, pagesNow, useEditor } from "../canvas/editor";
import { useWorkflow } from "../canvas/workflow";
import { fieldName, formInputs, formOf, hasInput, labelInput, moveInput, toggleInput, toggleOutput, writeApp, type AppForm } from "../graph/app";
import { label } from "../graph/catalog";
import { isBoundary } from "../graph/interface";
import { promote, promotedTo } from "../graph/promoting";
import { Icon, type IconName } from "./Icon";

/** Which inputs and outputs of the workflow its app shows, and where that app is. */
export function AppPanel() {
  const id = useWorkflow((s) => s.id);
  const { form, sheet, catalog } = useAppForm();
  const picked = useEditor((s) => [...s.selected].filter((one) => one in s.cards && !isBoundary(one)).sort().join("\n"));
  const change = (next: AppForm) => editPages((pages) => writeApp(pages, useEditor.getState().root, next));
  const cards = picked ? picked.split("\n") : [];
  return (
    <div className="panel-body app-panel">
      <p className="note">A clean page with only what you choose, to use on a phone or hand to somebody.</p>
      <a className="button primary" href={`#/app/${id}`} target="_blank" rel="noreferrer" data-testid="open-app">
        <Icon name="app" size={14} /> Open the app
      </a>
      <h3>Fields</h3>
      <ul className="list">
        {form.inputs.map((entry, i) => (
          <li key={`${entry.node} ${entry.input}`} data-testid="app-field">
            <input className="title-entry" aria-label={`Label of ${entry.input}`} value={entry.label} placeholder={fieldName({ ...entry, label: "" }, form, sheet, catalog)} onChange={(event) => change(labelInput(form, i, event.target.value))} />
            <Tool icon="up" hint="Move up" act={() => change(moveInput(form, i, -1))} />
            <Tool icon="down" hint="Move down" act={() => change(moveInput(form, i, 1))} />
            <Tool icon="trash" hint={`Remove ${label(entry.input)} of ${entry.node}`} act={() => change(toggleInput(form, entry.node, entry.input))} />
          </li>
        ))}
      </ul>
      {!cards.length && <p className="note">Select nodes on the canvas to add their inputs and results.</p>}
      {cards.map((card) => (
        <CardChoices key={card} card={card} form={form} />
      ))}
    </div>
  );
}

/** Which inputs of a selected card are fields. One of an inner card becomes an input of the subgraph's card, too. */
function CardChoices({ card, form }: { card: string; form: AppForm }) {
  const catalog = useCatalog((s) => s.catalog);
  const cards = useEditor((s) => s.cards);
  const links = useEditor((s) => s.links);
  const path = useEditor((s) => s.path);
  const root = useEditor((s) => s.root);
  const outermost = path[0]?.node ?? card;
  const names = formInputs({ cards, links, frames: [], values: {} }, catalog, card, path.length > 0);
  const toggle = (input: string) =>
    editPages((pages) => {
      const made = promote(pages, path, root, catalog, { node: card, input });
      return made ? writeApp(made.pages, root, toggleInput(form, made.at.node, made.at.input)) : pages;
    });
  const isField = (input: string) => {
    const at = promotedTo(pagesNow(), path, { node: card, input });
    return at !== null && hasInput(form, at.node, at.input);
  };
  return (
    <section>
      <h4>{cards[card]?.title || label(card)}</h4>
      {names.map((input) => (
        <label key={input} className="check">
          <input type="checkbox" checked={isField(input)} onChange={() => toggle(input)} /> {label(input)}
        </label>
      ))}
      <label className="check">
        <input type="checkbox" checked={form.outputs.includes(outermost)} onChange={() => editPages((pages) => writeApp(pages, root, toggleOutput(form, outermost)))} /> <em>show its results</em>
      </label>
    </section>
  );
}

/** The open workflow's form, on its root sheet. */
export function useAppForm() {
  const catalog = useCatalog((s) => s.catalog);
  const root = useEditor((s) => s.root);
  const extra = useEditor((s) => s.pages[s.root]?.extra);
  const cards = useEditor((s) => s.cards);
  const links = useEditor((s) => s.links);
  const sheet = pagesNow()[root]?.sheet ?? { cards, links, frames: [], values: {} };
  return { form: formOf(sheet, extra ?? {}, catalog), sheet, catalog };
}

function Tool({ icon, hint, act }: { icon: IconName; hint: string; act: () => void }) {
  return (
    <button type="button" className="w-icon" title={hint} aria-label={hint} onClick={act}>
      <Icon name={icon} size={13} />
    </button>
  );
}
