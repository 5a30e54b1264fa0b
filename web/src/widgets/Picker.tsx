import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { createPortal } from "react-dom";
import { label } from "../graph/catalog";
import { score } from "../graph/search";
import { controlProps, useValue, type WidgetProps } from "./value";

interface Props {
  readonly props: WidgetProps;
  /** Undefined while the server has not said what there is. */
  readonly names: readonly string[] | undefined;
  readonly empty?: string;
  readonly thumbnail?: (name: string) => string;
  readonly onOpen?: () => void;
}

/** A long list to pick from, found by typing. A saved value that is not in it stays, and is shown as missing. */
export function Picker({ props, names, empty = "none", thumbnail, onOpen }: Props) {
  const [raw, set] = useValue(props.node, props.input);
  const [place, setPlace] = useState<DOMRect | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const value = String(raw ?? "");
  const missing = value !== "" && names !== undefined && !names.includes(value);
  const open = () => {
    onOpen?.();
    setPlace(button.current!.getBoundingClientRect());
  };
  const close = () => {
    setPlace(null);
    button.current?.focus();
  };
  const { "aria-label": name, ...control } = controlProps(props);
  return (
    <div className={`w-line w-field ${missing ? "missing" : ""}`}>
      <span className="w-label">{label(props.input.name)}</span>
      <button
        ref={button}
        type="button"
        {...control}
        aria-label={`${name}: ${value || "none"}`}
        aria-haspopup="listbox"
        aria-expanded={place !== null}
        aria-invalid={missing || props.invalid || undefined}
        className="w-pick nodrag nopan"
        title={value}
        onClick={open}
      >
        {value === "" ? (names?.length === 0 ? empty : "choose…") : missing ? `${value} (missing)` : value}
      </button>
      {place && createPortal(<Options at={place} names={names ?? []} value={value} empty={empty} thumbnail={thumbnail} onPick={(pick) => [set(pick), close()]} onClose={close} />, document.body)}
    </div>
  );
}

interface OptionsProps extends Pick<Props, "thumbnail"> {
  readonly at: DOMRect;
  readonly names: readonly string[];
  readonly value: string;
  readonly empty: string;
  readonly onPick: (name: string) => void;
  readonly onClose: () => void;
}

const WIDTH = 300;
const HEIGHT = 320;

function Options({ at, names, value, empty, thumbnail, onPick, onClose }: OptionsProps) {
  const [query, setQuery] = useState("");
  const [current, setCurrent] = useState(0);
  const hits = query ? names.map((name) => ({ name, points: score(query, name) })).filter((h) => h.points > 0).sort((a, b) => b.points - a.points).map((h) => h.name) : names;
  const list = useRef<HTMLUListElement>(null);
  // The list may come anew while somebody types, who then still means the hit that is marked.
  useEffect(() => setCurrent((c) => (query ? c : Math.max(0, names.indexOf(value)))), [names, value]);
  // Newer browsers answer with a promise, which is no clean-up.
  useEffect(() => void list.current?.children[current]?.scrollIntoView({ block: "nearest" }), [current]);
  const key = (event: KeyboardEvent) => {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) setCurrent((c) => Math.min(Math.max(0, c + step), hits.length - 1));
    else if (event.key === "Enter" && hits[current] !== undefined) onPick(hits[current]);
    else if (event.key === "Escape" || event.key === "Tab") onClose();
    else return;
    event.preventDefault();
  };
  const below = at.bottom + HEIGHT < innerHeight || at.top < HEIGHT;
  const style = { left: Math.max(8, Math.min(at.left, innerWidth - WIDTH - 8)), width: WIDTH, ...(below ? { top: at.bottom + 3 } : { bottom: innerHeight - at.top + 3 }) };
  return (
    <div className="veil" onPointerDown={onClose}>
      <div className="palette picker" style={style} onPointerDown={(event) => event.stopPropagation()} onKeyDown={key}>
        <input
          autoFocus
          role="combobox"
          aria-label="Filter"
          aria-expanded="true"
          aria-controls="picker-hits"
          aria-activedescendant={hits[current] === undefined ? undefined : `pick-${current}`}
          placeholder={`Filter ${names.length}`}
          value={query}
          onChange={(event) => [setQuery(event.target.value), setCurrent(0)]}
        />
        <ul id="picker-hits" role="listbox" aria-label="Choices" ref={list} className={thumbnail ? "thumbs" : ""}>
          {hits.map((name, i) => (
            <li key={name} id={`pick-${i}`} role="option" aria-selected={i === current} className={i === current ? "current" : ""} title={name} onPointerMove={() => setCurrent(i)} onClick={() => onPick(name)}>
              {thumbnail && <img loading="lazy" src={thumbnail(name)} alt="" />}
              <span>{name}</span>
            </li>
          ))}
        </ul>
        {!hits.length && <p className="w-note">{names.length ? "Nothing matches." : empty}</p>}
      </div>
    </div>
  );
}
