package dev.drawbridge.workflow;

import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.camunda.bpm.engine.impl.ProcessEngineImpl;
import org.camunda.bpm.engine.impl.cfg.TransactionState;
import org.camunda.bpm.engine.impl.context.Context;
import org.camunda.bpm.engine.impl.interceptor.CommandContext;
import org.camunda.bpm.engine.impl.interceptor.Session;
import org.camunda.bpm.engine.impl.interceptor.SessionFactory;
import org.camunda.bpm.engine.impl.jobexecutor.JobExecutor;
import org.camunda.bpm.engine.impl.persistence.entity.JobEntity;
import org.camunda.bpm.engine.impl.persistence.entity.JobManager;
import org.camunda.bpm.engine.impl.persistence.entity.MessageEntity;
import org.camunda.bpm.engine.impl.util.ClockUtil;

/**
 * Hands a job that contains a node to a thread of its own at the commit that makes the job durable, instead of waking the acquisition of
 * jobs: that would cost a query and one more durable commit before the node is cordoned, and a place in the queue behind steps that wait
 * for nodes. The job is written as locked by this instance, as an acquired one would be, so nobody else runs it; after a crash it is freed
 * in the same way, and a retry is an ordinary job.
 */
final class UrgentJobs implements SessionFactory {
    private final long priority;
    private final Executor threads;

    /** @param priority of a job from which on it is urgent */
    UrgentJobs(long priority, Executor threads) {
        this.priority = priority;
        this.threads = threads;
    }

    @Override
    public Class<?> getSessionType() {
        return JobManager.class;
    }

    @Override
    public Session openSession() {
        return new Jobs();
    }

    /**
     * Makes a job durable with the current transaction, and at its commit runs something in the thread that goes before all other work. What
     * that leaves to be done, and then the job, come behind every first rung. All but the job is lost in a crash.
     *
     * @param before empty when the transaction took the job back
     * @return false when this instance runs no jobs: then nothing is run before it, and it waits for an instance that does
     */
    static boolean sendBehind(Supplier<Optional<Runnable>> before, MessageEntity job, CommandContext context) {
        return ((Jobs) context.getJobManager()).sendBehind(before, job);
    }

    private final class Jobs extends JobManager {
        private boolean sendBehind(Supplier<Optional<Runnable>> before, MessageEntity job) {
            JobExecutor executor = Context.getProcessEngineConfiguration().getJobExecutor();
            if (!executor.isActive()) {
                send(job);
                return false;
            }
            Runnable run = locked(job, executor);
            insertJob(job);
            atCommit(() -> {
                Runnable behind = run;
                try {
                    behind = before.get()
                            .map(outcome -> new Applied(outcome, run))
                            .orElse(null);
                } finally {
                    if (behind != null) {
                        threads.execute(behind);
                    }
                }
            });
            return true;
        }

        @Override
        protected void hintJobExecutor(JobEntity job) {
            JobExecutor executor = Context.getProcessEngineConfiguration().getJobExecutor();
            if (!executor.isActive() || job.isSuspended() || job.getPriority() < priority) {
                super.hintJobExecutor(job);
                return;
            }
            atCommit(locked(job, executor));
        }

        private Runnable locked(JobEntity job, JobExecutor executor) {
            job.setLockOwner(executor.getLockOwner());
            job.setLockExpirationTime(new Date(ClockUtil.getCurrentTime().getTime() + executor.getLockTimeInMillis()));
            ProcessEngineImpl engine = Context.getProcessEngineConfiguration().getProcessEngine();
            return () -> executor.getExecuteJobsRunnable(List.of(job.getId()), engine)
                    .run();
        }

        private void atCommit(Runnable job) {
            Context.getCommandContext()
                    .getTransactionContext()
                    .addTransactionListener(TransactionState.COMMITTED, context -> threads.execute(job));
        }

        /** An urgent thread does not go on with what follows in the same workflow: somebody else's cordon may wait for it. */
        @Override
        protected boolean areInSameProcessInstance(JobEntity job, JobEntity current) {
            return current.getPriority() < priority && super.areInSameProcessInstance(job, current);
        }
    }
}
