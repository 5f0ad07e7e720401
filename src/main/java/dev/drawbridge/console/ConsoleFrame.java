package dev.drawbridge.console;

import dev.drawbridge.access.Member;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** What every page shows around its own content: who is signed in, where one can go, and how times are written. */
@Component
class ConsoleFrame implements HandlerInterceptor, WebMvcConfigurer {
    private final List<ConsoleExtension> extensions;
    private final Words words;

    ConsoleFrame(List<ConsoleExtension> extensions, Words words) {
        this.extensions = List.copyOf(extensions);
        this.words = words;
    }

    record Link(String title, String path, boolean here) {}

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this);
    }

    @Override
    public void postHandle(
            HttpServletRequest request, HttpServletResponse response, Object handler, @Nullable ModelAndView page) {
        if (page == null || page.getViewName() == null || page.getViewName().startsWith("redirect:")) {
            return;
        }
        page.addObject("words", words);
        if (request.getUserPrincipal() instanceof Authentication signedIn
                && signedIn.getPrincipal() instanceof Member member) {
            page.addObject("member", member);
            page.addObject("navigation", navigation(request.getRequestURI()));
        }
    }

    private List<Link> navigation(String here) {
        List<Link> links = new ArrayList<>();
        links.add(link("Incidents", "/incidents", here));
        links.add(link("Tasks", "/tasks", here));
        links.add(link("Alerts", "/alerts", here));
        links.add(link("Guardrails", "/guardrails", here));
        links.add(link("Audit", "/audit", here));
        for (ConsoleExtension extension : extensions) {
            links.add(link(extension.title(), extension.path(), here));
        }
        return links;
    }

    private static Link link(String title, String path, String here) {
        return new Link(title, path, here.equals(path) || here.startsWith(path + "/"));
    }
}
