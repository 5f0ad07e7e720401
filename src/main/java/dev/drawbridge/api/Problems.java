package dev.drawbridge.api;

import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.shared.IncidentId;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.ErrorResponseException;

/** Answers that are no success, as RFC 9457 wants them. What the caller sent is never repeated in them. */
final class Problems {
    private Problems() {}

    static ErrorResponseException notFound(String what) {
        return of(HttpStatus.NOT_FOUND, what, null);
    }

    static ErrorResponseException badRequest(String detail) {
        return of(HttpStatus.BAD_REQUEST, detail, null);
    }

    /** @param rule the rule that forbids or contradicts it, for programs */
    static ErrorResponseException of(HttpStatus status, String detail, @Nullable String rule) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        if (rule != null) {
            problem.setProperty("rule", rule);
        }
        return new ErrorResponseException(status, problem, null);
    }

    /** The incident that an address names. @throws ErrorResponseException 404, also for what can be no id */
    static Incident incident(Incidents incidents, String id) {
        Optional<Incident> found;
        try {
            found = incidents.find(IncidentId.of(id));
        } catch (IllegalArgumentException noId) {
            found = Optional.empty();
        }
        return found.orElseThrow(() -> notFound("There is no incident with this id."));
    }

    /** Reads a parameter that has a form; {@code form} is the sentence that the caller gets when it has not. */
    static <T> @Nullable T optional(@Nullable String text, Function<String, T> parser, String form) {
        return text == null || text.isEmpty() ? null : required(text, parser, form);
    }

    static <T> T required(String text, Function<String, T> parser, String form) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException malformed) {
            throw badRequest(form);
        }
    }
}
