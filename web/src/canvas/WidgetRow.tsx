import { memo } from "react";
import { label } from "../graph/catalog";
import { INPUTS } from "../graph/interface";
import type { Row } from "../graph/layout";
import { incoming } from "../graph/sheet";
import { Widget } from "../widgets/Widget";
import { flatId, useEditor } from "./editor";
import { allProblems, ownProblem, useProblems } from "./problems";

/** One widget in a card, marked when its input is linked or something is wrong with it. */
export const WidgetRow = memo(function WidgetRow({ node, row }: { node: string; row: Row }) {
  const { input, y, height } = row;
  const source = useEditor((s) => incoming(s.links, node).get(input.name)?.[0]?.source);
  const problem = useProblems((s) => ownProblem(allProblems(s), flatId(node), input.name));
  const hint = problem ? `${problem.message}\n${problem.remedy}` : input.help;
  return (
    <div
      className={`widget ${source ? "linked" : ""} ${problem ? problem.severity : ""}`}
      style={{ top: y, height }}
      title={hint}
      data-testid={problem ? "problem" : undefined}
    >
      {source && input.widget?.kind !== "TextBox" ? (
        <div className="w-line w-linked" data-testid={`w-${input.name}`}>
          <span className="w-label">{label(input.name)}</span>
          <span className="w-note">{source === INPUTS ? "set outside" : `from ${source}`}</span>
        </div>
      ) : (
        <Widget node={node} input={input} linked={Boolean(source)} invalid={problem?.severity === "error"} />
      )}
    </div>
  );
});
