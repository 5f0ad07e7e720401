package dev.drawbridge.api;

import dev.drawbridge.access.Member;
import dev.drawbridge.evidence.EvidenceExport;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.ReceiptLookup;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.Incidents;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Hands out what was captured for an incident. Who may have it is decided at the door: it holds private keys. */
@RestController
@Tag(name = "incidents")
class EvidenceController {
    private static final String ZIP = "application/zip";

    private final Incidents incidents;
    private final EvidenceLocker evidence;
    private final EvidenceExport export;

    EvidenceController(Incidents incidents, EvidenceLocker evidence, EvidenceExport export) {
        this.incidents = incidents;
        this.evidence = evidence;
        this.export = export;
    }

    @GetMapping(path = "/api/v1/incidents/{id}/evidence.zip", produces = ZIP)
    @Operation(
            operationId = "exportEvidence",
            summary = "Everything that was captured for one incident, as a bag (RFC 8493) in a ZIP",
            description =
                    "For auditors, security-operations and administrators: it may hold private keys and malicious code. Each"
                            + " export is written to the audit trail.")
    @ApiResponse(
            responseCode = "200",
            content = @Content(mediaType = ZIP, schema = @Schema(type = "string", format = "binary")))
    void export(
            @PathVariable String id,
            @AuthenticationPrincipal Member member,
            HttpMethod method,
            HttpServletResponse response)
            throws IOException {
        Incident incident = find(id);
        response.setContentType(ZIP);
        response.setHeader(
                HttpHeaders.CONTENT_DISPOSITION,
                ContentDisposition.attachment()
                        .filename(EvidenceExport.name(incident) + ".zip")
                        .build()
                        .toString());
        // whoever only asks what there is gets nothing, and is not said to have it
        if (method.equals(HttpMethod.GET)) {
            export.write(member.actor(), incident, response.getOutputStream());
        }
    }

    private Incident find(String id) {
        Incident incident = Problems.incident(incidents, id);
        if (evidence.look(incident.id()) instanceof ReceiptLookup.None) {
            throw Problems.notFound("Nothing was captured for this incident.");
        }
        return incident;
    }
}
