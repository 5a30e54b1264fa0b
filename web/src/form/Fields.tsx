import { useCatalog } from "../api/catalog";
import { useEditor } from "../canvas/editor";
import { allProblems, ownProblem, useProblems } from "../canvas/problems";
import { fieldName, type AppForm, type AppInput } from "../graph/app";
import { inputOf } from "../graph/catalog";
import { widgetHeight } from "../graph/layout";
import { Widget } from "../widgets/Widget";
import { useAppForm } from "../panels/AppPanel";

/** The chosen inputs as fields: the widgets of the canvas, with room for thumbs. */
export function Fields({ form }: { form: AppForm }) {
  const { sheet, catalog } = useAppForm();
  return form.inputs.map((entry) => <Field key={`${entry.node} ${entry.input}`} entry={entry} name={fieldName(entry, form, sheet, catalog)} />);
}

function Field({ entry, name }: { entry: AppInput; name: string }) {
  const type = useEditor((s) => s.cards[entry.node]?.type ?? "");
  const input = useCatalog((s) => inputOf(s.catalog[type], entry.input));
  const problem = useProblems((s) => ownProblem(allProblems(s), entry.node, entry.input));
  if (!input) return null;
  return (
    <div className={`form-field ${problem?.severity ?? ""}`} data-testid={`field-${entry.node}-${entry.input}`}>
      <h2>{name}</h2>
      <div className="form-widget" style={{ minHeight: widgetHeight(input) + 10 }} data-kind={input.widget?.kind}>
        <Widget node={entry.node} input={input} linked={false} invalid={problem?.severity === "error"} />
      </div>
      {problem && <p className="note bad">{`${problem.message} ${problem.remedy}`}</p>}
    </div>
  );
}
