package dev.drawbridge.console;

import dev.drawbridge.access.Member;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** The door. */
@Controller
class LoginPage {
    @GetMapping("/")
    String start() {
        return "redirect:/incidents";
    }

    @GetMapping("/login")
    String login(
            @RequestParam(name = "error", required = false) @Nullable String error,
            @RequestParam(name = "wait", required = false) @Nullable String wait,
            @RequestParam(name = "expired", required = false) @Nullable String expired,
            @RequestParam(name = "signed-out", required = false) @Nullable String signedOut,
            @AuthenticationPrincipal @Nullable Member member,
            Model model) {
        if (member != null) {
            return "redirect:/incidents";
        }
        if (error != null) {
            model.addAttribute("problem", "No such name and password.");
        } else if (wait != null) {
            model.addAttribute("problem", "Too many failed attempts. Wait a few minutes, then try again.");
        } else if (expired != null) {
            model.addAttribute("problem", "Your session had ended, so nothing was done. Sign in and look again.");
        } else if (signedOut != null) {
            model.addAttribute("notice", "You are signed out.");
        }
        return "login";
    }
}
