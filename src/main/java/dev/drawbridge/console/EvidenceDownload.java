package dev.drawbridge.console;

import dev.drawbridge.access.Member;
import dev.drawbridge.evidence.EvidenceExport;
import dev.drawbridge.evidence.EvidenceLocker;
import dev.drawbridge.evidence.ReceiptLookup;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.IncidentId;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;

/** The bag for whoever presses the button; by a form, so that no other site can have a browser fetch it in somebody's name. */
@Controller
class EvidenceDownload {
    private final Incidents incidents;
    private final EvidenceLocker evidence;
    private final EvidenceExport export;

    EvidenceDownload(Incidents incidents, EvidenceLocker evidence, EvidenceExport export) {
        this.incidents = incidents;
        this.evidence = evidence;
        this.export = export;
    }

    @PostMapping("/incidents/{id}/evidence.zip")
    void download(@PathVariable String id, @AuthenticationPrincipal Member member, HttpServletResponse response)
            throws IOException {
        IncidentId key = Requested.existing(id, IncidentId::of);
        Incident incident = incidents.find(key).orElseThrow(Requested.notFound());
        if (evidence.look(key) instanceof ReceiptLookup.None) {
            throw Requested.notFound().get();
        }
        response.setContentType("application/zip");
        response.setHeader(
                HttpHeaders.CONTENT_DISPOSITION,
                ContentDisposition.attachment()
                        .filename(EvidenceExport.name(incident) + ".zip")
                        .build()
                        .toString());
        export.write(member.actor(), incident, response.getOutputStream());
    }
}
