package dev.drawbridge.baseline;

import java.util.List;

/** Nothing was captured, and why; nothing in the repository changed. */
class CaptureRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CaptureRefusedException(String message) {
        super(message);
    }

    static CaptureRefusedException because(String what, List<String> reasons) {
        int shown = Math.min(20, reasons.size());
        return new CaptureRefusedException(what + ":\n  " + String.join("\n  ", reasons.subList(0, shown))
                + (shown < reasons.size() ? "\n  and " + (reasons.size() - shown) + " more" : ""));
    }
}
