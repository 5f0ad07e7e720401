package dev.drawbridge.access;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drawbridge.audit.AuditTrail;
import jakarta.servlet.DispatcherType;
import java.time.Clock;
import java.util.Arrays;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpMethod;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.authentication.www.BasicAuthenticationFilter;
import org.springframework.security.web.header.writers.CrossOriginOpenerPolicyHeaderWriter;
import org.springframework.security.web.header.writers.CrossOriginResourcePolicyHeaderWriter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter;
import org.springframework.security.web.savedrequest.HttpSessionRequestCache;
import org.springframework.security.web.util.matcher.AntPathRequestMatcher;

/**
 * Three doors, and no request passes two of them: detectors with a token, programs with name and password on every request,
 * people with a session. The first two honour no cookie, so that a page elsewhere cannot make a signed-in browser use them;
 * that is why they need no CSRF token and the console does.
 */
@Configuration(proxyBeanMethods = false)
@EnableWebSecurity
class SecurityConfiguration {
    /** Nothing inline, nothing from elsewhere, and the page in no frame. {@code data:} is for the logo that bpmn-js brings. */
    static final String CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
            + "frame-ancestors 'none'; base-uri 'none'";

    private static final String[] ANYBODY_IN_A_GROUP = codes(Group.values());
    private static final String[] WHO_ACT =
            codes(Group.RESPONDERS, Group.APPROVERS, Group.SECURITY_OPERATIONS, Group.ADMINISTRATORS);
    private static final String[] WHO_RESPOND =
            codes(Group.RESPONDERS, Group.SECURITY_OPERATIONS, Group.ADMINISTRATORS);

    private static final String[] WHO_TAKE_EVIDENCE = codes(Member.EVIDENCE_READERS.toArray(Group[]::new));

    private static String[] codes(Group... groups) {
        return Arrays.stream(groups).map(Group::code).toArray(String[]::new);
    }

    @Bean
    AuthenticationManager people(AccessProperties properties, AuditTrail audit, Clock clock) {
        return new ProviderManager(new People(
                properties.users(),
                new SignInLimiter(properties.signIn(), clock),
                new VerifiedCredentials(properties.credentialMemory(), clock),
                audit));
    }

    @Bean
    DetectorTokens detectorTokens(AccessProperties properties) {
        return new DetectorTokens(properties);
    }

    /** Only the collection's direct children are webhooks; {@code /api/v1/alerts/{id}/respond} is a person's act. */
    @Bean
    @Order(1)
    SecurityFilterChain webhook(HttpSecurity http, DetectorTokens tokens, ObjectMapper json) throws Exception {
        ProblemAnswers problems = new ProblemAnswers(json, "Bearer realm=\"drawbridge alerts\"");
        stateless(http, problems)
                .securityMatcher(AntPathRequestMatcher.antMatcher(HttpMethod.POST, "/api/v1/alerts/*"))
                .addFilterBefore(new DetectorFilter(tokens), AnonymousAuthenticationFilter.class)
                .authorizeHttpRequests(requests -> requests.anyRequest().authenticated());
        return http.build();
    }

    @Bean
    @Order(2)
    SecurityFilterChain api(HttpSecurity http, AuthenticationManager people, ObjectMapper json) throws Exception {
        ProblemAnswers problems = new ProblemAnswers(json, "Basic realm=\"drawbridge\", charset=\"UTF-8\"");
        stateless(http, problems)
                .securityMatcher("/api/**", "/v3/api-docs", "/v3/api-docs/**", "/v3/api-docs.yaml", "/actuator/**")
                .addFilterBefore(new BasicAuthenticationFilter(people, problems), AnonymousAuthenticationFilter.class)
                .authorizeHttpRequests(requests -> requests.requestMatchers("/actuator/health", "/actuator/health/**")
                        .permitAll()
                        // before the rule for all that is read: this is read by fewer
                        .requestMatchers("/api/v1/incidents/*/evidence.zip")
                        .hasAnyAuthority(WHO_TAKE_EVIDENCE)
                        .requestMatchers(HttpMethod.GET)
                        .hasAnyAuthority(ANYBODY_IN_A_GROUP)
                        .requestMatchers(HttpMethod.HEAD)
                        .hasAnyAuthority(ANYBODY_IN_A_GROUP)
                        .requestMatchers("/api/v1/guardrails/reset-storm", "/api/v1/guardrails/dry-run/**")
                        .hasAuthority(Group.ADMINISTRATORS.code())
                        .requestMatchers(
                                "/api/v1/alerts/**",
                                "/api/v1/guardrails/**",
                                "/api/v1/incidents/*/dry-run/**",
                                "/api/v1/incidents/*/quarantine/**")
                        .hasAnyAuthority(WHO_RESPOND)
                        .requestMatchers("/api/v1/tasks/**")
                        // who is no candidate of a task is told so by the rule of the inbox
                        .hasAnyAuthority(ANYBODY_IN_A_GROUP)
                        .anyRequest()
                        .hasAnyAuthority(WHO_ACT));
        return http.build();
    }

    @Bean
    @Order(3)
    SecurityFilterChain console(
            HttpSecurity http, AuthenticationManager people, AccessProperties properties, AuditTrail audit, Clock clock)
            throws Exception {
        ConsoleEntry entry = new ConsoleEntry(audit, clock);
        HttpSessionRequestCache pages = new HttpSessionRequestCache();
        pages.setMatchingRequestParameterName(null);
        pages.setRequestMatcher(request -> HttpMethod.GET.matches(request.getMethod())
                && request.getHeader("HX-Request") == null
                && String.valueOf(request.getHeader("Accept")).contains("text/html"));
        entry.setRequestCache(pages);
        http.authenticationManager(people)
                .requestCache(cache -> cache.requestCache(pages))
                .authorizeHttpRequests(requests -> requests.dispatcherTypeMatchers(
                                DispatcherType.ERROR, DispatcherType.FORWARD)
                        .permitAll()
                        .requestMatchers(
                                HttpMethod.GET, "/login", "/assets/**", "/vendor/**", "/webjars/**", "/favicon.ico")
                        .permitAll()
                        .requestMatchers("/incidents/*/evidence.zip")
                        .hasAnyAuthority(WHO_TAKE_EVIDENCE)
                        .requestMatchers(HttpMethod.GET)
                        .hasAnyAuthority(ANYBODY_IN_A_GROUP)
                        .requestMatchers("/guardrails/reset-storm", "/guardrails/dry-run/**")
                        .hasAuthority(Group.ADMINISTRATORS.code())
                        .requestMatchers(
                                "/alerts/**", "/guardrails/**", "/incidents/*/dry-run/**", "/incidents/*/quarantine/**")
                        .hasAnyAuthority(WHO_RESPOND)
                        .anyRequest()
                        .hasAnyAuthority(WHO_ACT))
                .formLogin(
                        form -> form.loginPage("/login").successHandler(entry).failureHandler(entry))
                .logout(logout -> logout.logoutSuccessUrl("/login?signed-out").deleteCookies("JSESSIONID"))
                .exceptionHandling(
                        errors -> errors.authenticationEntryPoint(entry).accessDeniedHandler(entry))
                .sessionManagement(sessions -> sessions.sessionFixation(fixation -> fixation.changeSessionId()))
                .addFilterBefore(
                        new SessionLifetimeFilter(properties.sessionLifetime(), clock),
                        org.springframework.security.web.context.SecurityContextHolderFilter.class);
        headers(http);
        return http.build();
    }

    private static HttpSecurity stateless(HttpSecurity http, ProblemAnswers problems) throws Exception {
        http.sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .csrf(AbstractHttpConfigurer::disable)
                .formLogin(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .exceptionHandling(
                        errors -> errors.authenticationEntryPoint(problems).accessDeniedHandler(problems));
        headers(http);
        return http;
    }

    private static void headers(HttpSecurity http) throws Exception {
        http.headers(
                headers -> headers.contentSecurityPolicy(policy -> policy.policyDirectives(CONTENT_SECURITY_POLICY))
                        .referrerPolicy(policy -> policy.policy(ReferrerPolicyHeaderWriter.ReferrerPolicy.NO_REFERRER))
                        .permissionsPolicyHeader(policy -> policy.policy(
                                "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"))
                        .crossOriginOpenerPolicy(policy ->
                                policy.policy(CrossOriginOpenerPolicyHeaderWriter.CrossOriginOpenerPolicy.SAME_ORIGIN))
                        .crossOriginResourcePolicy(policy -> policy.policy(
                                CrossOriginResourcePolicyHeaderWriter.CrossOriginResourcePolicy.SAME_ORIGIN))
                        .frameOptions(HeadersConfigurer.FrameOptionsConfig::deny)
                        .httpStrictTransportSecurity(hsts -> hsts.includeSubDomains(false)));
    }
}
