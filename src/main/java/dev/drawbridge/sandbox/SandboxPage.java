package dev.drawbridge.sandbox;

import dev.drawbridge.access.Group;
import dev.drawbridge.access.Member;
import dev.drawbridge.console.ConsoleExtension;
import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.shared.NodeName;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.context.annotation.Profile;
import org.springframework.http.HttpStatus;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.mvc.support.RedirectAttributes;

/** Where a person looks at the sandbox's nodes and strikes one. */
@Controller
@Profile("sandbox")
class SandboxPage implements ConsoleExtension {
    private final SandboxAttacks attacks;
    private final ClusterView cluster;

    SandboxPage(SandboxAttacks attacks, ClusterView cluster) {
        this.attacks = attacks;
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "Sandbox";
    }

    @Override
    public String path() {
        return "/sandbox";
    }

    @GetMapping("/sandbox")
    String show(@AuthenticationPrincipal Member member, Model model) {
        Map<String, ClusterView.NodeView> views =
                cluster.nodes().stream().collect(Collectors.toMap(ClusterView.NodeView::name, Function.identity()));
        model.addAttribute("nodes", SandboxNode.CLUSTER);
        model.addAttribute("views", views);
        model.addAttribute("mayStrike", member.in(Group.RESPONDERS) || member.in(Group.ADMINISTRATORS));
        return "sandbox";
    }

    @PostMapping("/sandbox/attacks")
    String strike(@RequestParam String node, Authentication person, RedirectAttributes flash) {
        SandboxController.requireMayStrike(person);
        NodeName name = NodeName.tryParse(node)
                .filter(SandboxNode::exists)
                .orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND));
        SandboxAttacks.Attack attack = attacks.strike(name);
        flash.addFlashAttribute("attack", attack);
        return "redirect:/sandbox";
    }
}
