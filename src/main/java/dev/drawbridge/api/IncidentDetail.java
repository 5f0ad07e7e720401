package dev.drawbridge.api;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.drawbridge.containment.Containment;
import dev.drawbridge.evidence.EvidenceItem;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.evidence.ReceiptLookup;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.investigation.Finding;
import dev.drawbridge.recovery.RotationScope;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.verification.VerificationReport;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Everything that is known of one incident. */
@Schema(name = "Incident")
record IncidentDetail(
        @JsonUnwrapped IncidentSummary incident,

        @Schema(
                description =
                        "nothing is changed for this incident, or its dry run was ended and nobody has said yet how it goes on; absent: neither. The dry run of everything is at /guardrails")
        @Nullable
        DryRun dryRun,

        List<AlertView> alerts,
        List<AppliedRung> containment,

        @Schema(description = "what was kept before anything was changed") @Nullable
        Evidence evidence,

        @Schema(description = "the newest plan, absent while none was made; how its files differ is at /plan") @Nullable
        PlanView plan,

        @Schema(
                description =
                        "keys and kubeconfigs that were found changed: they count as disclosed, also after the restore")
        List<Exposed> exposedCredentials,

        @Schema(description = "every round of verification, oldest first")
        List<Report> verification,

        List<Answer> findings,

        @Schema(description = "open and decided, oldest first")
        List<TaskView> tasks,

        @Schema(description = "the oldest entries; the rest is paged at /timeline")
        List<TimelineEntry> timeline,

        @Schema(description = "value of `after` for the rest of the timeline; absent when this is all of it") @Nullable
        String timelineNext) {

    @Schema(name = "DryRun")
    record DryRun(
            String reason,
            @Schema(example = "person:alice") String setBy,
            Instant since,

            @Schema(description = "since when the next effect asks a person first; absent: the dry run lasts") @Nullable
            Instant endedAt) {
        static DryRun of(DryRuns.Mode mode) {
            return new DryRun(mode.reason(), mode.by().display(), mode.since(), mode.endedAt());
        }
    }

    @Schema(name = "AppliedRung")
    record AppliedRung(
            @Schema(example = "cordon") String rung,
            @Schema(example = "applied") String outcome,
            String detail,
            Instant at) {
        static AppliedRung of(Containment.AppliedRung applied) {
            return new AppliedRung(applied.rung().code(), applied.outcome(), applied.detail(), applied.at());
        }
    }

    @Schema(name = "ExposedCredential")
    record Exposed(
            String path,

            @Schema(description = "what has to be rotated") String rotate) {
        static Exposed of(NodePath path) {
            return new Exposed(path.toString(), RotationScope.inFull(path));
        }
    }

    @Schema(name = "Evidence")
    record Evidence(
            @Schema(description = "digest of the list of items")
            String manifest,

            @Schema(
                    description =
                            "whether the receipt is no longer what was written: it proves nothing then, and its items are not known")
            boolean damaged,

            @Schema(description = "absent in receipts that were given before this was written down") @Nullable
            String capturedBy,

            Instant capturedAt,
            List<Item> items) {
        @Schema(name = "EvidenceItem")
        record Item(
                @Schema(allowableValues = {"file", "scan", "processes", "node", "static-pod", "events"})
                String kind,

                @Schema(description = "path on the node, or what it is")
                String origin,

                @Schema(allowableValues = {"kept", "no-content", "not-available"})
                String state,

                @Schema(description = "of the content; absent when none was kept") @Nullable
                String sha256,

                long size,
                Instant capturedAt,

                @Schema(description = "as found, or why it is not available; untrusted text")
                String description) {
            static Item of(EvidenceItem item) {
                return new Item(
                        item.kind().code(),
                        item.origin(),
                        item.state().code(),
                        item.sha256() == null ? null : item.sha256().hex(),
                        item.size(),
                        item.capturedAt(),
                        item.description());
            }
        }

        static @Nullable Evidence of(ReceiptLookup found) {
            if (found instanceof ReceiptLookup.Damaged damaged) {
                return new Evidence(damaged.manifest(), true, null, damaged.capturedAt(), List.of());
            }
            if (!(found instanceof ReceiptLookup.Held held)) {
                return null;
            }
            EvidenceReceipt receipt = held.receipt();
            return new Evidence(
                    receipt.manifest().hex(),
                    false,
                    receipt.capturedBy() == null ? null : receipt.capturedBy().display(),
                    receipt.capturedAt(),
                    receipt.items().stream().map(Item::of).toList());
        }
    }

    @Schema(name = "VerificationReport")
    record Report(int round, Instant at, boolean passed, String digest, List<Check> checks) {
        @Schema(name = "VerificationCheck")
        record Check(
                String name,
                String expected,
                String found,

                @Schema(allowableValues = {"passed", "failed", "not-available", "out-of-reach"})
                String status,

                String proof) {}

        static Report of(VerificationReport report) {
            return new Report(
                    report.round(),
                    report.at(),
                    report.passed(),
                    report.digest().hex(),
                    report.checks().stream()
                            .map(check -> new Check(
                                    check.name(), check.expected(), check.found(), code(check.status()), check.proof()))
                            .toList());
        }
    }

    @Schema(name = "Finding")
    record Answer(
            String question,

            @Schema(allowableValues = {"found", "nothing-found", "not-available"})
            String status,

            @Schema(description = "untrusted text") List<String> facts,
            String source) {
        static Answer of(Finding finding) {
            return new Answer(finding.question(), code(finding.status()), finding.facts(), finding.source());
        }
    }

    private static String code(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
