package dev.drawbridge.api;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.ChainVerdict;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Reads the audit trail and proves it. */
@RestController
@RequestMapping(path = "/api/v1/audit", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "audit")
class AuditController {
    private final AuditTrail audit;

    AuditController(AuditTrail audit) {
        this.audit = audit;
    }

    @Schema(name = "ChainVerdict")
    record Verdict(
            boolean intact,

            @Schema(description = "entries that were recomputed, when intact") @Nullable
            Long entries,

            @Schema(description = "hash of the last entry, when intact") @Nullable
            String head,

            @Schema(description = "the first entry that is not what was written, when not intact") @Nullable
            Long firstBad,

            @Schema(description = "what is wrong with it") @Nullable
            String reason) {

        static Verdict of(ChainVerdict verdict) {
            if (verdict instanceof ChainVerdict.Broken broken) {
                return new Verdict(false, null, null, broken.seq(), broken.reason());
            }
            ChainVerdict.Intact intact = (ChainVerdict.Intact) verdict;
            return new Verdict(true, intact.entries(), intact.head().hex(), null, null);
        }
    }

    @GetMapping
    @Operation(operationId = "listAudit", summary = "The audit trail, oldest first")
    @ApiResponse(responseCode = "200")
    Listing<TimelineEntry> page(
            @Parameter(description = "`next` of the page before") @RequestParam(defaultValue = "0") @Min(0) long after,
            @RequestParam(defaultValue = "100") @Min(1) @Max(500) int limit) {
        return Listing.of(audit.page(after, limit + 1), limit, entry -> Long.toString(entry.seq()), TimelineEntry::of);
    }

    @GetMapping("/verify")
    @Operation(operationId = "verifyAudit", summary = "Recompute the whole chain and name the first bad entry")
    @ApiResponse(responseCode = "200", description = "the verdict, whichever it is")
    Verdict verify() {
        return Verdict.of(audit.verify());
    }
}
