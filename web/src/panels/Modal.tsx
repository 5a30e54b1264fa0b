import { useEffect, useRef, type ReactNode } from "react";

interface Props {
  readonly title: string;
  readonly className?: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A dialog above the page. The browser keeps the focus in it, and Escape closes it. */
export function Modal({ title, className = "", onClose, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current!;
    dialog.showModal();
    // Its focus is on a button, which may stand at the end of a long text.
    dialog.scrollTop = 0;
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog nodrag nopan nowheel ${className}`}
      aria-label={title}
      onCancel={(event) => [event.preventDefault(), onClose()]}
      onClick={(event) => event.target === event.currentTarget && onClose()}
      onPointerDown={(event) => event.stopPropagation()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}
