"""The steps of a pipeline."""

from fastapi import APIRouter

from app.bodies import StrictRoute
from app.routes.jobs import JobId
from app.schemas import PipelineOut, StepOut
from app.state import Web
from jobs.service import JobNotFound
from store.jobs import get_job
from store.pipelines import pipeline_steps

router = APIRouter(route_class=StrictRoute, tags=["pipelines"])


@router.get("/pipelines/{job_id}")
async def show_pipeline(job_id: JobId, web: Web) -> PipelineOut:
    """A pipeline is a job with steps; before its first run it has none."""
    async with web.read() as conn:
        job = await get_job(conn, job_id)
        steps = await pipeline_steps(conn, job_id)
    if job is None:
        raise JobNotFound(job_id)
    return PipelineOut(
        id=job.id,
        type=job.job_type,
        status=job.status,
        steps=[
            StepOut.model_validate({**vars(step), "name": step.step, "seconds": step.seconds})
            for step in steps
        ],
    )
