package dev.drawbridge.access;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.WebAttributes;
import org.springframework.security.web.access.AccessDeniedHandler;
import org.springframework.security.web.authentication.AuthenticationFailureHandler;
import org.springframework.security.web.authentication.SavedRequestAwareAuthenticationSuccessHandler;
import org.springframework.security.web.csrf.CsrfException;

/** The door of the console: where people are sent before, after and instead of signing in. */
class ConsoleEntry extends SavedRequestAwareAuthenticationSuccessHandler
        implements AuthenticationEntryPoint, AuthenticationFailureHandler, AccessDeniedHandler {
    private static final Logger log = LoggerFactory.getLogger(ConsoleEntry.class);

    private final AuditTrail audit;
    private final Clock clock;

    ConsoleEntry(AuditTrail audit, Clock clock) {
        this.audit = audit;
        this.clock = clock;
        setDefaultTargetUrl("/incidents");
    }

    @Override
    public void commence(HttpServletRequest request, HttpServletResponse response, AuthenticationException refused)
            throws IOException {
        if (request.getHeader("HX-Request") != null) {
            // a redirect would be followed and put the sign-in form into the middle of the page: reload all of it
            // instead
            response.setHeader("HX-Refresh", "true");
            response.setStatus(HttpStatus.UNAUTHORIZED.value());
            return;
        }
        response.sendRedirect(request.getContextPath() + "/login");
    }

    @Override
    public void onAuthenticationSuccess(
            HttpServletRequest request, HttpServletResponse response, Authentication signedIn)
            throws ServletException, IOException {
        request.getSession().setAttribute(SessionLifetimeFilter.SIGNED_IN_AT, clock.instant());
        if (signedIn.getPrincipal() instanceof Member member) {
            audit.record(AuditEvent.fact(member.actor(), "access.sign-in", "console", "signed in")
                    .with("address", request.getRemoteAddr()));
            log.info("signed in user={}", member.name());
        }
        super.onAuthenticationSuccess(request, response, signedIn);
    }

    @Override
    public void onAuthenticationFailure(
            HttpServletRequest request, HttpServletResponse response, AuthenticationException refused)
            throws IOException {
        String outcome = refused instanceof TooManyAttemptsException ? "wait" : "error";
        response.sendRedirect(request.getContextPath() + "/login?" + outcome);
    }

    @Override
    public void handle(HttpServletRequest request, HttpServletResponse response, AccessDeniedException refused)
            throws IOException {
        // the request itself does not know its person yet where forms are checked
        boolean signedOut = SecurityContextHolder.getContext().getAuthentication() == null;
        if (refused instanceof CsrfException && signedOut) {
            // a form from a session that has ended: nothing was done, sign in and look again
            response.sendRedirect(request.getContextPath() + "/login?expired");
            return;
        }
        request.setAttribute(WebAttributes.ACCESS_DENIED_403, refused);
        response.sendError(HttpStatus.FORBIDDEN.value());
    }
}
