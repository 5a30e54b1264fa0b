import "../styles/templates.css";
import { getTemplates } from "../api/routes";
import { useSurface } from "../canvas/surface";
import { findTemplates } from "../graph/templates";
import { Icon } from "./Icon";
import { useFetched } from "./loading";
import { TemplateCard } from "./TemplateCard";

const SHOWN = 6;

/** What a new sheet offers: some templates to begin with, and how to begin without one. */
export default function StartHere() {
  const { data } = useFetched(getTemplates, []);
  const first = findTemplates(data?.templates ?? [], "", "Start");
  const shown = (first.length ? first : (data?.templates ?? [])).slice(0, SHOWN);
  if (!shown.length) return null;
  return (
    <div className="start-here" data-testid="start-here">
      <h2>Start with a template</h2>
      <div className="template-grid">
        {shown.map((template) => (
          <TemplateCard key={template.name} template={template} />
        ))}
      </div>
      <button type="button" className="button" data-testid="all-templates" onClick={() => useSurface.setState({ dialog: "templates" })}>
        <Icon name="gallery" size={14} /> All {data?.templates.length} templates
      </button>
    </div>
  );
}
