package dev.drawbridge.alert;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.drawbridge.shared.Actor;
import io.micrometer.core.instrument.MeterRegistry;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.Principal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * The webhook. Kibana tries again only after 429 and 5xx and never after a broken connection, so everything that might
 * succeed later is answered with one of those and whole seconds to wait, and nothing is acknowledged before it is durable.
 */
@RestController
@Tag(name = "alerts")
class AlertController {
    private static final Logger log = LoggerFactory.getLogger(AlertController.class);
    /** A request takes one more permit for each of these that its body may hold: a few large ones fill the memory of many small. */
    private static final long BYTES_PER_PERMIT = 2L * 1024 * 1024;

    private final AlertIntake intake;
    private final Map<String, AlertDecoder> decoders;
    private final AlertProperties limits;
    private final ObjectProvider<IntakeAdmission> admissions;
    private final MeterRegistry meters;
    private final Semaphore permits;

    AlertController(
            AlertIntake intake,
            List<AlertDecoder> decoders,
            AlertProperties limits,
            ObjectProvider<IntakeAdmission> admissions,
            MeterRegistry meters) {
        this.intake = intake;
        this.decoders = decoders.stream().collect(Collectors.toMap(AlertDecoder::source, Function.identity()));
        this.limits = limits;
        this.admissions = admissions;
        this.meters = meters;
        // fair, or a large request could wait for ever behind small ones
        this.permits = new Semaphore(limits.maxConcurrent(), true);
    }

    /** Answer to a request whose alerts are all durable. */
    record AlertsTaken(List<AlertTaken> alerts) {}

    /**
     * What became of one alert, in the order of the request.
     *
     * @param disposition {@code opened}, {@code joined}, {@code duplicate}, {@code excluded}, {@code unmatched}, {@code stale}
     *     or {@code rejected}
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record AlertTaken(
            String alertId,
            String disposition,
            @Nullable String incidentId,
            @Nullable String reason) {}

    @PostMapping("/api/v1/alerts/{source}")
    @Operation(
            operationId = "postAlerts",
            summary = "Post alerts of a detector",
            description =
                    "Elastic: the envelope {\"alerts\":[...]}, one alert document, or a list of them. Falco: its JSON output.",
            requestBody =
                    @RequestBody(
                            required = true,
                            content = @Content(mediaType = "application/json", schema = @Schema(type = "object"))))
    @ApiResponse(
            responseCode = "202",
            description = "everything is durable; what became of each alert, in order",
            content = @Content(mediaType = "application/json", schema = @Schema(implementation = AlertsTaken.class)))
    @ApiResponse(responseCode = "400", description = "not decodable; kept as a dead letter")
    @ApiResponse(responseCode = "404", description = "no such source")
    @ApiResponse(responseCode = "413", description = "too large")
    @ApiResponse(responseCode = "415", description = "not application/json")
    @ApiResponse(responseCode = "429", description = "overloaded; try again after Retry-After seconds")
    @ApiResponse(responseCode = "503", description = "cannot be kept now; try again after Retry-After seconds")
    ResponseEntity<Object> post(@PathVariable("source") String source, HttpServletRequest request)
            throws IOException, InterruptedException {
        AlertDecoder decoder = decoders.get(source);
        if (decoder == null) {
            return problem(HttpStatus.NOT_FOUND, "unknown-source", "No detector of this kind is known.");
        }
        if (!isJson(request)) {
            return problem(
                    HttpStatus.UNSUPPORTED_MEDIA_TYPE,
                    "unsupported-media-type",
                    "Alerts are posted as application/json in UTF-8, not compressed.");
        }
        Optional<IntakeAdmission.Overload> overload = admissions
                .orderedStream()
                .map(IntakeAdmission::overload)
                .flatMap(Optional::stream)
                .findFirst();
        if (overload.isPresent()) {
            return later(
                    HttpStatus.TOO_MANY_REQUESTS,
                    "overloaded",
                    overload.get().reason(),
                    overload.get().retryAfter());
        }
        List<IntakeAdmission.Admitted> admitted =
                admissions.orderedStream().map(IntakeAdmission::admitted).toList();
        try {
            return inTurn(source, decoder, request);
        } finally {
            admitted.forEach(IntakeAdmission.Admitted::close);
        }
    }

    private ResponseEntity<Object> inTurn(String source, AlertDecoder decoder, HttpServletRequest request)
            throws IOException, InterruptedException {
        int cost = cost(request.getContentLengthLong());
        if (!permits.tryAcquire(cost, limits.maxWait().toMillis(), TimeUnit.MILLISECONDS)) {
            return later(
                    HttpStatus.TOO_MANY_REQUESTS,
                    "overloaded",
                    "Too many requests are being worked on.",
                    limits.retryAfter());
        }
        try {
            byte[] body = body(request);
            return body == null ? tooLarge() : take(actor(request.getUserPrincipal(), source), decoder, body);
        } finally {
            permits.release(cost);
        }
    }

    private ResponseEntity<Object> take(Actor actor, AlertDecoder decoder, byte[] body) {
        AlertIntake.Result result;
        try {
            result = intake.take(actor, decoder, body);
        } catch (RuntimeException fault) {
            log.error("alerts could not be kept source={}", decoder.source(), fault);
            return unavailable();
        }
        if (result instanceof AlertIntake.Result.Incomplete) {
            return unavailable();
        }
        if (result instanceof AlertIntake.Result.NotDecodable broken) {
            ProblemDetail problem = detail(HttpStatus.BAD_REQUEST, "not-decodable", broken.reason());
            problem.setProperty("deadLetter", broken.deadLetter());
            return respond(problem, HttpHeaders.EMPTY);
        }
        List<AlertTaken> taken = ((AlertIntake.Result.Taken) result)
                .answers().stream().map(AlertController::rendered).toList();
        return ResponseEntity.status(HttpStatus.ACCEPTED)
                .contentType(MediaType.APPLICATION_JSON)
                .body(new AlertsTaken(taken));
    }

    /** What is durable already comes back as a duplicate when the detector tries again. */
    private ResponseEntity<Object> unavailable() {
        return later(
                HttpStatus.SERVICE_UNAVAILABLE,
                "unavailable",
                "The alerts could not be kept, or not all of them.",
                limits.retryAfter());
    }

    private static AlertTaken rendered(AlertIntake.Answer answer) {
        return new AlertTaken(
                answer.alert().value(),
                answer.disposition().code(),
                answer.incident() == null ? null : answer.incident().value(),
                answer.reason());
    }

    private static Actor actor(@Nullable Principal detector, String source) {
        return Actor.detector(detector == null ? source : detector.getName());
    }

    private static boolean isJson(HttpServletRequest request) {
        try {
            MediaType type = MediaType.parseMediaType(String.valueOf(request.getContentType()));
            String charset = type.getParameter("charset");
            return type.equalsTypeAndSubtype(MediaType.APPLICATION_JSON)
                    && (charset == null || charset.equalsIgnoreCase("utf-8"))
                    && request.getHeader(HttpHeaders.CONTENT_ENCODING) == null;
        } catch (InvalidMediaTypeException notAType) {
            return false;
        }
    }

    private int cost(long length) {
        long largest = limits.maxBody().toBytes();
        // a length that is not told may be the largest
        long bytes = length < 0 ? largest : Math.min(length, largest);
        return (int) Math.min(limits.maxConcurrent(), 1 + bytes / BYTES_PER_PERMIT);
    }

    /** The body, or null when it is over the limit. */
    private byte @Nullable [] body(HttpServletRequest request) throws IOException {
        long limit = limits.maxBody().toBytes();
        long length = request.getContentLengthLong();
        InputStream in = request.getInputStream();
        if (length > limit) {
            drain(in, limit);
            return null;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream((int) Math.max(1024, length));
        byte[] buffer = new byte[16 * 1024];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            if (out.size() + read > limit) {
                drain(in, limit);
                return null;
            }
            out.write(buffer, 0, read);
        }
        return out.toByteArray();
    }

    /** Reads on for a while without keeping anything: a detector that is still sending would miss the answer. */
    private static void drain(InputStream in, long bytes) throws IOException {
        byte[] buffer = new byte[16 * 1024];
        long left = bytes;
        for (int read = in.read(buffer); read >= 0 && left > 0; read = in.read(buffer)) {
            left -= read;
        }
    }

    private ResponseEntity<Object> tooLarge() {
        return problem(
                HttpStatus.PAYLOAD_TOO_LARGE,
                "too-large",
                "A request holds at most " + limits.maxBody().toBytes() + " bytes.");
    }

    private ResponseEntity<Object> later(HttpStatus status, String rule, String reason, Duration wait) {
        HttpHeaders headers = new HttpHeaders();
        // whole seconds: Kibana does not read the form with a date
        headers.set(HttpHeaders.RETRY_AFTER, String.valueOf(Math.max(1, wait.toSeconds())));
        return respond(detail(status, rule, reason), headers);
    }

    private ResponseEntity<Object> problem(HttpStatus status, String rule, String reason) {
        return respond(detail(status, rule, reason), HttpHeaders.EMPTY);
    }

    private ResponseEntity<Object> respond(ProblemDetail problem, HttpHeaders headers) {
        meters.counter("drawbridge.alert.requests.refused", "status", String.valueOf(problem.getStatus()))
                .increment();
        return ResponseEntity.status(problem.getStatus())
                .headers(headers)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }

    private static ProblemDetail detail(HttpStatus status, String rule, String reason) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, reason);
        problem.setProperty("rule", rule);
        return problem;
    }
}
