package dev.drawbridge.console;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.springframework.boot.web.servlet.error.ErrorController;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.security.web.WebAttributes;
import org.springframework.security.web.csrf.CsrfException;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.servlet.ModelAndView;

/**
 * What is shown when something went wrong: problem JSON to programs, a page to people, to neither what the exception said.
 * An exception's text holds paths, names and sometimes what an attacker sent.
 */
@Controller
class ErrorPages implements ErrorController {
    private static final Map<HttpStatus, String> EXPLANATIONS = Map.of(
            HttpStatus.NOT_FOUND, "There is nothing at this address.",
            HttpStatus.FORBIDDEN, "None of your groups may do this.",
            HttpStatus.BAD_REQUEST, "The request has not the form it should have.",
            HttpStatus.METHOD_NOT_ALLOWED, "This address does not answer that kind of request.");

    @RequestMapping("/error")
    Object error(HttpServletRequest request) {
        HttpStatus status = status(request);
        String explanation = request.getAttribute(WebAttributes.ACCESS_DENIED_403) instanceof CsrfException
                ? "The form was older than your session, so nothing was done. Go back, reload the page, and send it again."
                : EXPLANATIONS.getOrDefault(
                        status,
                        status.is5xxServerError()
                                ? "Something went wrong on our side. It is in the log; running responses go on."
                                : "The request could not be answered.");
        if (isForProgram(request)) {
            ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, explanation);
            return ResponseEntity.status(status)
                    .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                    .body(problem);
        }
        ModelAndView page = new ModelAndView("error", status);
        page.addObject("status", status.value());
        page.addObject("title", status.getReasonPhrase());
        page.addObject("explanation", explanation);
        return page;
    }

    private static HttpStatus status(HttpServletRequest request) {
        Object code = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
        HttpStatus status = code instanceof Integer number ? HttpStatus.resolve(number) : HttpStatus.NOT_FOUND;
        return status == null ? HttpStatus.INTERNAL_SERVER_ERROR : status;
    }

    private static boolean isForProgram(HttpServletRequest request) {
        String path = String.valueOf(request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI));
        String context = request.getContextPath();
        return path.startsWith(context + "/api/")
                || path.startsWith(context + "/v3/")
                || path.startsWith(context + "/actuator/");
    }
}
