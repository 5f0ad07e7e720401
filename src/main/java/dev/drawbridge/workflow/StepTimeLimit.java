package dev.drawbridge.workflow;

import dev.drawbridge.shared.TimeLimit;
import java.time.Duration;
import java.util.Date;
import org.camunda.bpm.engine.impl.context.Context;
import org.camunda.bpm.engine.impl.delegate.DefaultDelegateInterceptor;
import org.camunda.bpm.engine.impl.delegate.DelegateInvocation;
import org.camunda.bpm.engine.impl.jobexecutor.JobExecutorContext;
import org.camunda.bpm.engine.impl.persistence.entity.JobEntity;
import org.camunda.bpm.engine.impl.util.ClockUtil;

/**
 * Ends a step's slow work before the lock on its job does: after that another thread or instance runs the same step beside it.
 * Counted from the lock itself and not from the step's start, because a job may have waited in the queue.
 */
class StepTimeLimit extends DefaultDelegateInterceptor {
    /** This part of the lock's time is left for the request that was begun last and for the commit. */
    private static final int MARGIN = 6;

    @Override
    public void handleInvocation(DelegateInvocation invocation) throws Exception {
        JobExecutorContext executor = Context.getJobExecutorContext();
        JobEntity job = executor == null ? null : executor.getCurrentJob();
        Date lockEnds = job == null ? null : job.getLockExpirationTime();
        if (lockEnds == null) {
            super.handleInvocation(invocation);
            return;
        }
        long margin = Context.getProcessEngineConfiguration().getJobExecutor().getLockTimeInMillis() / MARGIN;
        Duration left = Duration.ofMillis(
                lockEnds.getTime() - ClockUtil.getCurrentTime().getTime() - margin);
        TimeLimit.within(left, () -> {
            super.handleInvocation(invocation);
            return true;
        });
    }
}
