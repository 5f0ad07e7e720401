package dev.drawbridge.console;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.ChainVerdict;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** The audit trail, and the proof that nobody changed it. */
@Controller
class AuditPage {
    private static final int PAGE = 100;

    private final AuditTrail audit;

    AuditPage(AuditTrail audit) {
        this.audit = audit;
    }

    /**
     * @param after shows entries behind this position; the newest page when absent
     * @param verify recomputes the chain; a read, so that auditors may
     */
    @GetMapping("/audit")
    String page(
            @RequestParam(required = false) @Nullable Long after,
            @RequestParam(defaultValue = "false") boolean verify,
            Model model) {
        long last = audit.lastSeq();
        long from = after == null ? Math.max(0, last - PAGE) : Math.max(0, after);
        List<AuditEntry> entries = audit.page(from, PAGE);
        model.addAttribute("entries", entries);
        model.addAttribute("last", last);
        model.addAttribute("from", from);
        model.addAttribute("earlier", from > 0 ? Math.max(0, from - PAGE) : null);
        long end = entries.isEmpty() ? from : entries.get(entries.size() - 1).seq();
        model.addAttribute("later", end < last ? end : null);
        if (verify) {
            ChainVerdict verdict = audit.verify();
            model.addAttribute("intact", verdict instanceof ChainVerdict.Intact intact ? intact : null);
            model.addAttribute("broken", verdict instanceof ChainVerdict.Broken broken ? broken : null);
        }
        return "audit";
    }
}
