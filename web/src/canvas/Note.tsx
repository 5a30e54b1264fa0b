import { useState } from "react";
import type { Frame } from "../graph/sheet";
import { Markdown } from "../panels/Markdown";
import { writeNote } from "./notes";

/** The text of a note, in Markdown; a double-click or Enter edits it. */
export function Note({ frame, text }: { frame: Frame; text: string }) {
  const [editing, setEditing] = useState(text === "");
  if (editing) {
    return (
      <textarea
        className="note-text nodrag nopan nowheel"
        aria-label="Text of the note"
        data-testid="note-text"
        autoFocus
        value={text}
        placeholder="A note. **Strong**, *soft*, `code`, - lists, # headings and links."
        onChange={(event) => writeNote(frame.id, event.target.value)}
        onBlur={() => setEditing(false)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
          if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
        }}
      />
    );
  }
  return (
    <div className="note-text" role="note" data-testid="note" onDoubleClick={(event) => [event.stopPropagation(), setEditing(true)]}>
      <Markdown source={text || "*Double-click to write.*"} />
    </div>
  );
}
